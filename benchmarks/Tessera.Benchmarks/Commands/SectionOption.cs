using System.CommandLine;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Sections;
using Tessera.Cli.Options;

namespace Tessera.Benchmarks.Commands;

/// <summary>Which sections to run.</summary>
internal static class SectionOption
{
    private const string Everything = "all";

    public static Option<string[]> Create() => new("--section")
    {
        Description = "Sections, separated by commas, or all: "
            + $"{string.Join("; ", SectionCatalogue.All.Select(static section => $"{section.Name} ({section.Description})"))}.",
        HelpName = "NAME,NAME",
        DefaultValueFactory = static _ => [PeersSection.SectionName],
        CustomParser = static result => NameOption.ParseList(
            result, "Section", [Everything, .. SectionCatalogue.All.Select(static section => section.Name)]),
    };

    /// <summary>The sections of names, in the catalogue's order.</summary>
    public static IReadOnlyList<IBenchSection> Find(string[] names) =>
        [.. SectionCatalogue.All.Where(section => names.Contains(Everything) || names.Contains(section.Name))];
}
