using Tessera.Benchmarks.Allocations;
using Tessera.Benchmarks.Wan;
using Tessera.Cli.Tests;
using Xunit;

namespace Tessera.Benchmarks.Tests.Wan;

/// <summary>A forward pass may allocate no more than benchmarks/allocations.json says, whatever the size of the video.</summary>
[Collection(QuietProcess.Name)]
public sealed class TransformerAllocationTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Passes_allocate_no_more_than_the_baseline(int threads)
    {
        using TemporaryFolder folder = new();
        Dictionary<string, long> baseline = AllocationBaseline.Load(Repository())
            .Where(static one => one.Key.StartsWith(TransformerAllocations.Prefix, StringComparison.Ordinal)).ToDictionary();

        IReadOnlyDictionary<string, long> measured = TransformerAllocations.Measure(folder.File("model"), threads);

        Assert.Equal(baseline.Keys.Order(), measured.Keys.Order());
        Assert.True(
            measured.All(one => one.Value <= baseline[one.Key]), string.Join("; ", measured.Select(static one => $"{one.Key}: {one.Value}")));
    }

    private static string Repository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Tessera.slnx")))
        {
            folder = folder.Parent;
        }

        return folder!.FullName;
    }
}
