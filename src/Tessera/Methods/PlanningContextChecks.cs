using Tessera.Attention;

namespace Tessera.Methods;

/// <summary>The check that methods over a grid make before they plan.</summary>
internal static class PlanningContextChecks
{
    /// <summary>Requires self-attention over exactly the tokens of the grid.</summary>
    /// <exception cref="ArgumentException">The shape is another one; the message names both.</exception>
    public static void RequireFits(this in PlanningContext context, AttentionShape shape)
    {
        if (shape.QueryLength != context.Grid.Tokens || shape.KeyLength != context.Grid.Tokens)
        {
            throw new ArgumentException(
                $"The inputs have {shape.QueryLength} queries and {shape.KeyLength} keys, "
                    + $"the grid {context.Grid} has {context.Grid.Tokens} tokens; methods over a grid need self-attention over its tokens.",
                nameof(context));
        }
    }

    /// <summary>Requires a density in (0, 1].</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not.</exception>
    public static void RequireDensity(double density, string name)
    {
        if (!(density > 0 && density <= 1))
        {
            throw new ArgumentOutOfRangeException(name, density, "Density is the share of blocks computed; wanted above 0 and at most 1.");
        }
    }
}
