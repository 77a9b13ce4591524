using System.CommandLine;
using Tessera.Cli.Running;

namespace Tessera.Cli.Options;

/// <summary>Names of methods.</summary>
internal static class MethodOption
{
    public static Option<string?> Single() => new("--method")
    {
        Description = $"Method: {string.Join(", ", MethodCatalogue.Names)}.",
        HelpName = "METHOD",
        CustomParser = static result => NameOption.ParseOne(result, "Method", MethodCatalogue.Names),
    };

    public static Option<string[]> List() => new("--methods")
    {
        Description = "Methods, separated by commas. Default: all.",
        HelpName = "M,M,...",
        DefaultValueFactory = static _ => [.. MethodCatalogue.Names],
        CustomParser = static result => NameOption.ParseList(result, "Method", MethodCatalogue.Names),
    };
}
