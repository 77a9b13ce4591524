using Tessera.Cli.Output;
using Tessera.Cli.Running;
using Tessera.Methods;

namespace Tessera.Cli.Comparing;

/// <summary>A variant with what it did.</summary>
/// <param name="Variant">What was asked for.</param>
/// <param name="Description">What the method says of itself.</param>
/// <param name="Measured">Plan, output and times.</param>
/// <param name="Row">The figures of the report.</param>
internal sealed record ComparedMethod(
    MethodVariant Variant, MethodDescription Description, AttentionMeasurement Measured, ComparisonRow Row)
{
    /// <summary>Short name, unique in a comparison.</summary>
    public string Name => Variant.ToString();

    /// <summary>Whether this is dense float32 again, the reference itself.</summary>
    public bool IsBaseline => Variant.Method == "dense" && Measured.Plan.Recipe.IsExact;

    public string Title => Description.Title;

    public string Settings => Description.Settings;
}
