using System.CommandLine;
using Tessera.Benchmarks.Driver;
using Tessera.Cli.Options;

namespace Tessera.Benchmarks.Commands;

/// <summary>Which sections to run.</summary>
internal static class SectionOption
{
    private const string Everything = "all";

    public static Option<string[]> Create<TContext>(IReadOnlyList<IBenchSection<TContext>> all, params string[] defaults) =>
        new("--section")
        {
            Description = "Sections, separated by commas, or all: "
                + $"{string.Join("; ", all.Select(static section => $"{section.Name} ({section.Description})"))}.",
            HelpName = "NAME,NAME",
            DefaultValueFactory = _ => defaults,
            CustomParser = result => NameOption.ParseList(
                result, "Section", [Everything, .. all.Select(static section => section.Name)]),
        };

    /// <summary>The sections of names, in the catalogue's order.</summary>
    public static IReadOnlyList<TSection> Find<TSection, TContext>(IReadOnlyList<TSection> all, string[] names)
        where TSection : IBenchSection<TContext> =>
        [.. all.Where(section => names.Contains(Everything) || names.Contains(section.Name))];
}
