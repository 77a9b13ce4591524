using Tessera.Benchmarks.Driver;

namespace Tessera.Benchmarks.Wan.Sections;

/// <summary>All sections about Wan2.1, in the order in which <c>all</c> runs them.</summary>
internal static class WanSections
{
    public static IReadOnlyList<IBenchSection<WanContext>> All { get; } =
    [
        new OpenSection(),
        new TextSection(),
    ];
}
