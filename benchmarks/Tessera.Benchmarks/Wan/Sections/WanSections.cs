using Tessera.Benchmarks.Driver;

namespace Tessera.Benchmarks.Wan.Sections;

/// <summary>All sections about Wan2.1, in the order in which <c>all</c> runs them.</summary>
internal static class WanSections
{
    public static IReadOnlyList<IBenchSection<WanContext>> All { get; } =
    [
        new OpenSection(),
        new ForwardSection(),
        new LongSection(),
        new MethodsSection(),
        new DecodeSection("vae", "Wan video autoencoder", 0.45, isTiny: false, "2x16x16", "3x32x32"),
        new DecodeSection("taehv", "Tiny autoencoder TAEHV", 0.35, isTiny: true, "5x32x32"),
        new TextSection(),
    ];
}
