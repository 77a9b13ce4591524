using System.Globalization;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Cli.Benchmarking;
using Tessera.Cli.Running;
using Tessera.Quantization;

namespace Tessera.Benchmarks.Driver;

/// <summary>A number format with a share of blocks, as the command line spells it: <c>int8</c> or <c>int8@0.25</c>.</summary>
/// <param name="Format">One of <see cref="RecipeNames.All"/>.</param>
/// <param name="Density">Share of blocks computed, above 0 and at most 1.</param>
internal readonly record struct BenchCase(string Format, double Density = 1)
{
    /// <summary>Reads a case, or null with the fault.</summary>
    public static BenchCase? TryParse(string text, out string fault)
    {
        string[] parts = text.Split('@', 2);
        double density = 1;
        if (!RecipeNames.All.Contains(parts[0]))
        {
            fault = $"Format '{parts[0]}' is unknown; wanted one of {string.Join(", ", RecipeNames.All)}.";
        }
        else if (parts.Length == 2
            && !(double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out density) && density is > 0 and <= 1))
        {
            fault = $"Density '{parts[1]}' of case '{text}' is not a number above 0 and at most 1; write for example int8@0.25.";
        }
        else
        {
            fault = "";
            return new BenchCase(parts[0], density);
        }

        return null;
    }

    /// <summary>The recipe; int8 is the variant that a processor with these options multiplies fastest.</summary>
    public QuantizationRecipe RecipeFor(CpuOptions options) =>
        Format != KnownRecipes.Int8.Name ? RecipeNames.Resolve(Format)
        : options.EffectiveVnni ? KnownRecipes.Int8
        : KnownRecipes.Int8Narrow;

    /// <summary>
    /// The plan: 64 x 64 blocks, the diagonal and random others of each row until the density is met as nearly as it can be.
    /// </summary>
    public AttentionPlan Plan(AttentionShape shape, CpuOptions options) => new()
    {
        Name = ToString(),
        Shape = shape,
        Mask = BlockLottery.Draw(shape.Heads, shape.QueryLength, Density),
        Recipe = RecipeFor(options),
    };

    /// <inheritdoc/>
    public override string ToString() => Density < 1 ? string.Create(CultureInfo.InvariantCulture, $"{Format}@{Density}") : Format;
}
