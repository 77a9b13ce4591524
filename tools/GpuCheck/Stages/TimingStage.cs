using GpuCheck.Inputs;
using GpuCheck.Reporting;
using Tessera.Attention;
using Tessera.Cuda;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;

namespace GpuCheck.Stages;

/// <summary>
/// How fast attention is: kernel alone and with the passes before it, dense and over lists, by events, the median of twenty runs after
/// five, inputs by turns. Useful operations are 4 L Lkept D H, for us and for every peer. Lists go to files that the peers read.
/// </summary>
internal sealed class TimingStage : IStage
{
    // Compiling a peer for a list takes longer than all else: nearly dense lists are for our own comparison.
    private const double MostForPeers = 0.6;

    public string Name => "timings";

    public string Purpose => "time of attention, kernel alone and with everything before it";

    public TimeSpan Budget => TimeSpan.FromMinutes(5);

    public IEnumerable<CheckCase> Cases(CheckContext context)
    {
        yield return ModuleCompilation.Case(context);
        foreach ((TokenGrid grid, int heads, int channels, double[] densities) in Shapes(context.IsQuick))
        {
            AttentionShape shape = new(1, heads, grid.Tokens, grid.Tokens, channels);
            yield return new CheckCase($"{shape}", () => Time(context, grid, shape, densities)) { Limit = TimeSpan.FromMinutes(3) };
        }
    }

    // One set of tensors for all plans of a shape: making them takes longer than what is timed.
    private static IEnumerable<CheckRow> Time(CheckContext context, TokenGrid grid, AttentionShape shape, double[] densities)
    {
        using CudaBackend backend = context.Backend();
        using DeviceTensors tensors = DeviceTensors.Make(context.Device, shape, NumberFormat.BFloat16, copies: context.IsQuick ? 1 : 3);
        Dictionary<string, double> dense = [];
        Dictionary<string, double> listed = [];
        foreach (double density in densities)
        {
            BlockMask mask = density >= 1
                ? BlockMask.Dense(grid.Tokens, grid.Tokens, new BlockSize(64, 64))
                : RandomLists.Make(shape.Heads, grid.Tokens, density, new BlockSize(64, 64));
            if (density < MostForPeers)
            {
                ListFile.Write(Path.Combine(context.Folder, ListFile.NameOf(shape, density)), mask);
            }

            foreach (QuantizationRecipe recipe in (QuantizationRecipe[])
                [KnownRecipes.Int8, KnownRecipes.ParoReleased, KnownRecipes.Sage, KnownRecipes.BFloat16])
            {
                AttentionPlan plan = AttentionPlan.Dense(shape, new BlockSize(64, 64)) with
                {
                    Name = recipe.Name,
                    Recipe = recipe,
                    Mask = mask,
                    Grid = grid,
                    Orders = density >= 1 ? [] : [TokenOrder.ForAxisOrder(grid, AxisOrder.Parse("HWF"))],
                };
                foreach (CheckRow row in Time(context, backend, tensors, plan, density, dense, listed))
                {
                    yield return row;
                }
            }
        }
    }

    private static (TokenGrid Grid, int Heads, int Channels, double[] Densities)[] Shapes(bool quick) => quick
        ? [(new TokenGrid(4, 8, 8), 1, 64, [1, 0.5])]
        :
        [
            (new TokenGrid(21, 30, 52), 12, 128, [1, 0.9, 0.5, 0.2, 0.1]),
            (new TokenGrid(32, 32, 32), 16, 128, [1]),
            (new TokenGrid(13, 34, 40, 96, TextPlacement.Front), 48, 64, [1, 0.25]),
        ];

    private static IEnumerable<CheckRow> Time(
        CheckContext context, CudaBackend backend, DeviceTensors tensors, AttentionPlan plan, double density,
        Dictionary<string, double> dense, Dictionary<string, double> listed)
    {
        AttentionShape shape = plan.Shape;
        using CudaAttentionKernel kernel = backend.Compile(plan);
        Stopwatches watch = new(context.Device, context.IsQuick);
        int copies = tensors.Calls.Length;
        double whole = Stopwatches.Median(watch.Run((stream, run) => kernel.Enqueue(tensors.Calls[run % copies], stream)));
        double alone = Stopwatches.Median(watch.Run((stream, run) => kernel.EnqueueAttention(tensors.Calls[run % copies], stream)));
        double operations = shape.DenseOperations * plan.Mask.Density;
        string name = FormattableString.Invariant($"{plan.Recipe} {shape} density {density}");
        CheckRow row = CheckRow.Figure(
            $"{name}, kernel", operations / alone / 1e12, "TOP/s", FormattableString.Invariant($"{1e3 * alone:0.###} ms, {kernel.KernelName}"));
        yield return row with { Kernels = [kernel.KernelName] };
        yield return CheckRow.Figure(
            $"{name}, all", operations / whole / 1e12, "TOP/s",
            FormattableString.Invariant($"{1e3 * whole:0.###} ms, passes before attention {1e3 * (whole - alone):0.###} ms"));
        if (density >= 1)
        {
            dense[plan.Recipe.Name] = alone;
            yield break;
        }

        // A dense map may take larger tiles than lists do: the first list tells what lists of that tile cost.
        if (!listed.TryAdd(plan.Recipe.Name, alone / plan.Mask.Density))
        {
            double among = Math.Abs((alone / plan.Mask.Density / listed[plan.Recipe.Name]) - 1);
            yield return CheckRow.Figure($"{name}, time by density among lists", among, "of proportional");
        }

        if (dense.TryGetValue(plan.Recipe.Name, out double full))
        {
            double deviation = Math.Abs((alone / full / plan.Mask.Density) - 1);
            yield return context.IsQuick
                ? CheckRow.Figure($"{name}, time by density", deviation, "of proportional")
                : CheckRow.AtMost($"{name}, time by density", deviation, 0.12, "of proportional");
        }
    }
}
