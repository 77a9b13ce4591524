using Tessera.Backends.Cpu;
using Tessera.Benchmarks.Allocations;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Backends.Cpu;

/// <summary>
/// No call may allocate more than benchmarks/allocations.json says, which is nothing. The calls are those of <c>./bench cpu --section
/// allocations</c>.
/// </summary>
[Collection(QuietProcess.Name)]
public sealed class AllocationGateTests
{
    private static readonly IReadOnlyDictionary<string, long> Baseline = AllocationBaseline.Load(TestRoots.Repository);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Calls_allocate_no_more_than_the_baseline(int threads)
    {
        CpuBackend backend = new(new CpuOptions { Threads = threads });
        Assert.All(AllocationCases.All, one =>
        {
            (long caller, long process) = AllocationMeter.Measure(backend, one);
            Assert.InRange(caller, 0, Baseline[one.Name]);
            Assert.InRange(process, 0, Baseline[one.Name]);
        });
    }

    [Fact]
    public void The_baseline_names_the_calls() =>
        Assert.Equal(
            AllocationCases.All.Select(static one => one.Name).Order(),
            Baseline.Keys.Where(static name => !name.StartsWith("wan ", StringComparison.Ordinal)).Order());

    /// <summary>The meter is the proof, so it has to see what it is there to see.</summary>
    [Fact]
    public void The_meter_sees_an_allocation_on_any_thread()
    {
        AllocationCase one = AllocationCases.All[0];
        (long caller, long process) = AllocationMeter.Measure(new AllocatingBackend(onCaller: true), one);
        Assert.InRange(caller, AllocatingBackend.Bytes, long.MaxValue);
        Assert.InRange(process, AllocatingBackend.Bytes, long.MaxValue);

        (caller, process) = AllocationMeter.Measure(new AllocatingBackend(onCaller: false), one);
        Assert.InRange(process, AllocatingBackend.Bytes, long.MaxValue);
    }
}
