using Tessera.Attention;

namespace Tessera.Methods;

/// <summary>A paper: it turns settings, and Q and K where it looks at them, into plans. It knows no backend.</summary>
public interface IAttentionMethod
{
    /// <summary>Name as the command line spells it.</summary>
    string Name { get; }

    /// <summary>Citation, settings and departures from the paper.</summary>
    MethodDescription Describe();

    /// <summary>
    /// Whether plans depend on the Q and K of each call (SVG, Sparge), so that planning time counts in every call, or are made once
    /// offline and stored (PARO, FPS, STA).
    /// </summary>
    bool IsOnline { get; }

    /// <summary>Makes the plan for one call.</summary>
    /// <param name="inputs">Q and K that online and calibrating methods look at; V is never read for planning unless the method says
    /// so.</param>
    /// <param name="context">Grid, step and layer.</param>
    /// <param name="cancellationToken">Polled during long planning.</param>
    AttentionPlan Plan(in AttentionInputs inputs, in PlanningContext context, CancellationToken cancellationToken = default);
}
