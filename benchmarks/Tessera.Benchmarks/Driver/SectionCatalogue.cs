using Tessera.Benchmarks.Sections;

namespace Tessera.Benchmarks.Driver;

/// <summary>All sections, in the order in which <c>all</c> runs them.</summary>
internal static class SectionCatalogue
{
    public static IReadOnlyList<IBenchSection> All { get; } =
    [
        new PeersSection(),
        new DensitySection(),
        new ScalingSection(),
        new StagesSection(),
        new ParoVideoSection(),
        new FormatsSection(),
        new FirstCallSection(),
        new MemorySection(),
        new AllocationsSection(),
    ];
}
