using Tessera.Benchmarks.Allocations;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Reporting;

namespace Tessera.Benchmarks.Sections;

/// <summary>Bytes that a call allocates in steady state, on every path of the backend. A test gates the same calls.</summary>
internal sealed class AllocationsSection : IBenchSection
{
    public string Name => "allocations";

    public string Description => "bytes allocated by a call in steady state";

    public SectionReport Run(BenchContext context)
    {
        AllocationRow[] rows =
        [
            .. AllocationCases.All.Select(one =>
            {
                context.CancellationToken.ThrowIfCancellationRequested();
                (long caller, long process) = AllocationMeter.Measure(context.Backend, one);
                return new AllocationRow(one.Name, caller, process);
            }),
        ];
        return new SectionReport
        {
            Title = $"Allocations per call, {context.Request.Options.EffectiveThreads} threads",
            Tables =
            [
                new ReportTable<AllocationRow>(
                    "allocations", "", rows,
                    ("call", static row => row.Call),
                    ("bytes on the caller's thread", static row => $"{row.CallerBytes}"),
                    ("bytes on all threads", static row => $"{row.ProcessBytes}")),
            ],
            Goals =
            [
                new GoalCheck(
                    "most bytes of any call", 0, rows.Max(static row => Math.Max(row.CallerBytes, row.ProcessBytes)), "", IsCeiling: true),
            ],
        };
    }

    private sealed record AllocationRow(string Call, long CallerBytes, long ProcessBytes);
}
