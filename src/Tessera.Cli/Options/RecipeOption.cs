using System.CommandLine;
using Tessera.Cli.Running;

namespace Tessera.Cli.Options;

/// <summary>Names of quantization recipes.</summary>
internal static class RecipeOption
{
    public static Option<string?> Single() => new("--quantization")
    {
        Description = $"Number formats: {string.Join(", ", RecipeNames.All)}. Default: the method's own.",
        HelpName = "RECIPE",
        CustomParser = static result => NameOption.ParseOne(result, "Quantization", RecipeNames.All),
    };

    public static Option<string[]> List(params string[] defaults) => new("--formats")
    {
        Description = $"Number formats, separated by commas: {string.Join(", ", RecipeNames.All)}."
            + $"{(defaults.Length == 0 ? " Default: each method's own." : "")}",
        HelpName = "F,F,...",
        DefaultValueFactory = _ => defaults,
        CustomParser = static result => NameOption.ParseList(result, "Quantization", RecipeNames.All),
    };
}
