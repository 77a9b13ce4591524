using GpuCheck.Inputs;
using GpuCheck.Reporting;
using Tessera.Attention;
using Tessera.Cuda;
using Tessera.Cuda.Compilation;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Planning;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;

namespace GpuCheck.Stages;

/// <summary>
/// Registers against occupancy: attention kernels compiled anew for one to four blocks a multiprocessor, and timed. What is fastest belongs
/// into the tables of instantiations. It verifies nothing: these are not the kernels that the library ships.
/// </summary>
internal sealed class TuneStage : IStage
{
    private const int MostThreads = 512;

    public string Name => "tune";

    public string Purpose => "attention by blocks that a multiprocessor should hold";

    public TimeSpan Budget => TimeSpan.FromMinutes(6);

    public IEnumerable<CheckCase> Cases(CheckContext context)
    {
        foreach (QuantizationRecipe recipe in (QuantizationRecipe[])
            [KnownRecipes.Int8, KnownRecipes.SageInt8Value, KnownRecipes.Sage, KnownRecipes.BFloat16])
        {
            // A dense map takes 128 rows a block where it can, lists of 64 take 64.
            foreach (double density in (double[])[1, 0.5])
            {
                TokenGrid grid = context.IsQuick ? new(2, 8, 8) : new(21, 30, 52);
                AttentionShape shape = context.IsQuick
                    ? new(1, 1, grid.Tokens, grid.Tokens, 64)
                    : new(1, 12, grid.Tokens, grid.Tokens, 128);
                string name = FormattableString.Invariant($"{recipe} {shape} density {density}");
                yield return new CheckCase(name, () => Time(context, Plan(name, recipe, shape, density)))
                {
                    Limit = TimeSpan.FromMinutes(2),
                };
            }
        }
    }

    private static AttentionPlan Plan(string name, QuantizationRecipe recipe, AttentionShape shape, double density)
    {
        AttentionPlan dense = AttentionPlan.Dense(shape, new BlockSize(64, 64)) with { Name = name, Recipe = recipe };
        return density < 1
            ? dense with { Mask = RandomLists.Make(shape.Heads, shape.QueryLength, density, new BlockSize(64, 64)) }
            : dense;
    }

    private static IEnumerable<CheckRow> Time(CheckContext context, AttentionPlan plan)
    {
        if (PlanTranslation.Translate(plan, context.Device.Properties, out PlannedAttention? planned) is { } fault)
        {
            yield return CheckRow.Skip(plan.Name, fault);
            yield break;
        }

        if (context.Device.Builder.CompilerFault is { } absence)
        {
            yield return CheckRow.Skip(plan.Name, absence);
            yield break;
        }

        AttendInstance kernel = planned!.Attend;
        using DeviceTensors tensors = DeviceTensors.Make(context.Device, plan.Shape, NumberFormat.BFloat16, copies: context.IsQuick ? 1 : 2);
        for (int blocks = 1; blocks * kernel.Threads <= MostThreads; blocks++)
        {
            int bound = blocks;
            using CudaDevice device = CudaDevice.Open(
                KernelCatalogue.Modules, new CudaDeviceOptions { CacheFolder = context.CacheFolder }, module => Bounded(module, kernel.Name, bound));
            yield return Time(context, device, plan, tensors, blocks);
        }
    }

    private static CheckRow Time(CheckContext context, CudaDevice device, AttentionPlan plan, DeviceTensors tensors, int blocks)
    {
        using CudaBackend backend = new(device, new CudaOptions { AllowUnverifiedKernels = true });
        using CudaAttentionKernel kernel = backend.Compile(plan);
        int copies = tensors.Calls.Length;
        kernel.Enqueue(tensors.Calls[0]);
        if (kernel.MetFault())
        {
            throw new InvalidOperationException("The inputs made for timing hold a value that is not finite.");
        }

        // That waited for the codes: attention is timed in a stream of its own.
        double seconds = Stopwatches.Median(
            new Stopwatches(device, context.IsQuick).Run((stream, run) => kernel.EnqueueAttention(tensors.Calls[run % copies], stream)));
        KernelAttributes attributes = device.Describe(kernel.KernelName);
        return CheckRow.Figure(
            FormattableString.Invariant($"{plan.Name}, {blocks} blocks"), plan.Shape.DenseOperations * plan.Mask.Density / seconds / 1e12, "TOP/s",
            FormattableString.Invariant(
                $"{1e3 * seconds:0.###} ms, {attributes.Registers} registers, {attributes.LocalBytes} bytes spilled, {kernel.KernelName}"));
    }

    /// <summary>A module with one attention kernel of it, for so many blocks a multiprocessor; other modules as they are.</summary>
    private static KernelSource Bounded(KernelModule module, string kernel, int blocks)
    {
        KernelSource source = KernelSource.Load(module);
        if (!module.Kernels.Contains(kernel))
        {
            return source;
        }

        IEnumerable<string> lines = source.Text.Split('\n')
            .Where(line => !line.StartsWith("TESSERA_ATTEND(", StringComparison.Ordinal) || line.Contains($"({kernel},", StringComparison.Ordinal));
        return source with { Text = FormattableString.Invariant($"#define TESSERA_MINIMUM_BLOCKS {blocks}\n") + string.Join('\n', lines) };
    }
}
