using GpuCheck.Probes;
using Tessera.Attention;
using Tessera.Backends.Reference;
using Tessera.Cuda.Emulation;
using Tessera.Cuda.Kernels.Tests.Probes;
using Tessera.Cuda.Kernels.Tests.Quantization;
using Tessera.Fidelity;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Kernels.Tests.Honesty;

/// <summary>The emulated tests in small: what a planted fault must not survive.</summary>
internal static class KernelSuites
{
    private const double RelativeBudget = 5e-3;

    private static readonly EmulatedSchedule[] Schedules = [new(0), new(2), new(3)];
    private static readonly Lazy<(AttentionPlan Plan, SeededInputs Inputs, ReferenceResult Expected)[]> Attentions = new(static () => [.. Plans().Select(Solve)]);

    public static string[] AttentionUnits { get; } =
        ["quantize_rows.cu", "quantize_values.cu", "sm80_int8_qk_int8_pv_block_sparse.cu"];

    public static string[] RowsUnits { get; } = ["quantize_rows.cu"];

    public static string[] ProbeUnits { get; } = ["sm90a_wgmma_probe.cu"];

    public static string[] PipelineUnits { get; } = ["sm90a_pipeline_probe.cu"];

    public static string[] WarpgroupUnits { get; } = ["sm90a_one_warpgroup_probe.cu"];

    public static string[] StoreUnits { get; } = ["sm90a_bulk_store_probe.cu"];

    private static readonly Lazy<(InstructionProbe Probe, ProbeData Data)[]> Pipelines = new(static () =>
        [.. BlockSparseProbes.Pipelines.Take(2).Select(static probe => (probe, probe.Data()))]);

    private static readonly Lazy<(InstructionProbe Probe, ProbeData Data)[]> Warpgroups = new(static () =>
        [.. BlockSparseProbes.Warpgroups.Select(static probe => (probe, probe.Data()))]);

    /// <summary>Dense with a tail, lists with orders and text, and partial blocks, in three orders of threads.</summary>
    public static void Attention(EmulatedKernels kernels)
    {
        foreach ((AttentionPlan plan, SeededInputs inputs, ReferenceResult expected) in Attentions.Value)
        {
            foreach (EmulatedSchedule schedule in Schedules)
            {
                using EmulatedDevice device = new(schedule: schedule, kernels: kernels);
                (float[] output, float[] logSumExp) = KernelAttention.Run(device, plan, inputs);
                NumericAssert.AllFinite(output);
                Assert.InRange(AttentionError.Compare(expected.Output, output).RelativeL2, 0, RelativeBudget);
                Assert.All(logSumExp.Zip(expected.LogSumExp), static pair =>
                    Assert.True(pair.First == pair.Second || Math.Abs(pair.First - pair.Second) < 1e-3, $"{pair.First} and {pair.Second}"));
            }
        }
    }

    /// <summary>Codes and scales of rows that are turned, ordered and padded.</summary>
    public static void Rows(EmulatedKernels kernels)
    {
        TokenGrid grid = new(3, 7, 9, TextTokens: 5, TextPlacement.Front);
        TokenOrder[] orders = [TokenOrder.ForAxisOrder(grid, new AxisOrder(2)), TokenOrder.ForAxisOrder(grid, new AxisOrder(4))];
        foreach (OperandFormat format in new OperandFormat[]
            { new(NumberFormat.Int8), new(NumberFormat.Int8, QuantizationGranularity.PerBlock, 64), new(NumberFormat.Int8, QuantizationGranularity.PerHead) })
        {
            QuantizeRowsTests.Check(format, 64, grid, orders, rotary: true, kernels);
            QuantizeRowsTests.Check(format, 128, grid, [new TileLayout(grid, new TileShape(2, 3, 4)).Order], rotary: true, kernels);
        }
    }

    /// <summary>The probe of sm_90a in every order of threads and with late copies.</summary>
    public static void Probe(EmulatedKernels kernels)
    {
        foreach (EmulatedSchedule schedule in EmulatedSchedule.All)
        {
            WgmmaProbeTests.Check("probe_int8_shared", kernels, schedule);
            WgmmaProbeTests.Check("probe_int8_registers", kernels, schedule);
        }
    }

    /// <summary>The pipeline in every order of threads and with late copies.</summary>
    public static void Pipeline(EmulatedKernels kernels) => Run(kernels, Pipelines.Value);

    /// <summary>The warpgroup that does everything, in every order of threads and with late copies.</summary>
    public static void Warpgroup(EmulatedKernels kernels) => Run(kernels, Warpgroups.Value);

    /// <summary>The pipeline on tensor cores that keep 14 bits.</summary>
    public static void NarrowPipeline(EmulatedKernels kernels) =>
        PipelineProbeTests.Check(
            kernels, PipelineProbeTests.Growing.Probe, PipelineProbeTests.Growing.Data, new EmulatedSchedule(1), PipelineProbeTests.HopperBits);

    /// <summary>A box from one tensor to another, and matrices that leave registers.</summary>
    public static void Store(EmulatedKernels kernels)
    {
        foreach (EmulatedSchedule schedule in EmulatedSchedule.All)
        {
            BulkStoreProbeTests.CheckCopy(kernels, schedule);
            BulkStoreProbeTests.CheckMatrices(kernels, schedule, transposed: false);
            BulkStoreProbeTests.CheckMatrices(kernels, schedule, transposed: true);
        }
    }

    private static void Run(EmulatedKernels kernels, (InstructionProbe Probe, ProbeData Data)[] probes)
    {
        foreach (EmulatedSchedule schedule in EmulatedSchedule.All)
        {
            foreach ((InstructionProbe probe, ProbeData data) in probes)
            {
                PipelineProbeTests.Check(kernels, probe, data, schedule);
            }
        }
    }

    private static IEnumerable<AttentionPlan> Plans()
    {
        yield return AttentionPlan.Dense(new AttentionShape(1, 1, 200, 200, 64)) with { Recipe = KnownRecipes.Int8 };

        TokenGrid grid = new(3, 8, 10, TextTokens: 21, TextPlacement.Front);
        BlockMaskBuilder lists = new(2, grid.Tokens, grid.Tokens, BlockSize.Default);
        for (int head = 0; head < 2; head++)
        {
            lists.KeepText(head, grid);
            lists.Keep(head, 2, 1 + head);
            lists.Keep(head, 3, 3);
        }

        yield return AttentionPlan.Dense(new AttentionShape(1, 2, grid.Tokens, grid.Tokens, 64)) with
        {
            Grid = grid,
            Orders = [TokenOrder.ForAxisOrder(grid, new AxisOrder(2)), TokenOrder.ForAxisOrder(grid, new AxisOrder(5))],
            Mask = lists.Build(),
            Recipe = KnownRecipes.Int8,
        };

        MaskPredicate window = MaskPredicate.Of(new SlidingWindow(30));
        BlockMaskBuilder partial = new(1, 200, 200, BlockSize.Default);
        partial.KeepAllowed(0, window);
        yield return AttentionPlan.Dense(new AttentionShape(1, 1, 200, 200, 64)) with { Mask = partial.Build(window), Recipe = KnownRecipes.Int8 };
    }

    private static (AttentionPlan Plan, SeededInputs Inputs, ReferenceResult Expected) Solve(AttentionPlan plan)
    {
        SeededInputs inputs = SeededInputs.Normal(plan.Shape);
        return (plan, inputs, ReferenceAttention.Compute(plan, inputs.Inputs));
    }
}
