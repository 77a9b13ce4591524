using Tessera.Backends.Cpu;
using Tessera.Quantization;

namespace Tessera.Cli.Running;

/// <summary>Recipe names of the command line: those of <see cref="KnownRecipes"/>, with <c>fp32</c> as another word for none.</summary>
internal static class RecipeNames
{
    private const string Float32 = "fp32";
    private const string Int8 = "int8";

    public static IReadOnlyList<string> All { get; } = [Float32, .. KnownRecipes.All.Select(static recipe => recipe.Name)];

    /// <summary>The recipe of a name; int8 is the variant that this processor multiplies fastest.</summary>
    public static QuantizationRecipe Resolve(string name) => name switch
    {
        Float32 => KnownRecipes.Float32,
        Int8 => CpuBackend.PreferredInt8,
        _ => KnownRecipes.Parse(name),
    };
}
