using System.CommandLine;
using Tessera.Wan.Initialization;

namespace Tessera.Cli.Options;

/// <summary><c>--parts</c>: parts of a checkpoint.</summary>
internal static class PartsOption
{
    // In the order of the bits of WanParts.
    private static readonly string[] Names = ["transformer", "text-encoder", "vae", "tokenizer", "tiny-vae"];

    /// <summary>Every part.</summary>
    public static IReadOnlyList<string> All => Names;

    /// <summary>The parts of a model; the tiny autoencoder stands in for one of them.</summary>
    public static IReadOnlyList<string> Model => Names[..4];

    /// <summary>The option.</summary>
    /// <param name="defaults">Parts that are written when none are named.</param>
    /// <param name="inWords">What these are.</param>
    public static Option<string[]> Create(IReadOnlyList<string> defaults, string inWords) => new("--parts")
    {
        Description = $"Parts to write, separated by commas: {string.Join(", ", Names)}. Default: {inWords}.",
        HelpName = "P,P,...",
        DefaultValueFactory = _ => [.. defaults],
        CustomParser = static result => NameOption.ParseList(result, "Part", Names),
    };

    /// <summary>The parts of some names.</summary>
    public static WanParts Read(IEnumerable<string> names) => names.Aggregate(
        WanParts.None, static (sum, name) => sum | (WanParts)(1 << Array.IndexOf(Names, name)));
}
