using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using GpuCheck.Inputs;
using GpuCheck.Reporting;
using Tessera.Attention;
using Tessera.Cuda;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Execution;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Memory;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;

namespace GpuCheck.Stages;

/// <summary>Codes and scales on the device against the plain quantiser, bit for bit; then the quantisers' share of copy bandwidth.</summary>
internal sealed class QuantizeStage : IStage
{
    private const double ShareOfCopy = 0.7;

    public string Name => "quantize";

    public string Purpose => "codes bit for bit, quantisers against copy bandwidth";

    public TimeSpan Budget => TimeSpan.FromMinutes(3);

    public IEnumerable<CheckCase> Cases(CheckContext context)
    {
        yield return ModuleCompilation.Case(context);
        TokenGrid grid = context.IsQuick ? new(3, 5, 7) : new(7, 15, 13);
        QuantizationRecipe coarse = KnownRecipes.SageInt8Value;
        OperandFormat[] formats =
        [
            new(NumberFormat.Int8), new(NumberFormat.Int8, QuantizationGranularity.PerBlock, 32),
            new(NumberFormat.Int8, QuantizationGranularity.PerBlock, 64), new(NumberFormat.Int8, QuantizationGranularity.PerBlock, 128),
            new(NumberFormat.Int7), new(NumberFormat.Int4), new(NumberFormat.Int8, QuantizationGranularity.PerHead),
            new(NumberFormat.Int8, QuantizationGranularity.PerThread, 32),
            new(NumberFormat.Int8, QuantizationGranularity.PerTile, 0, new TileShape(3, 4, 4)),
        ];
        foreach (OperandFormat format in formats)
        {
            foreach (int channels in (int[])[64, 128])
            {
                QuantizationRecipe recipe = coarse with
                {
                    Name = $"{format}",
                    Query = format,
                    Key = format,
                    SmoothKey = false,
                    Value = new(NumberFormat.Int8, QuantizationGranularity.PerChannel, channels == 64 ? 64 : 0),
                };
                yield return CheckCase.Of($"{format}, {channels} channels", () =>
                {
                    using CudaBackend backend = context.Backend();
                    return Compare(context.Device, backend, grid, channels, recipe);
                });
            }
        }

        foreach (QuantizationRecipe recipe in (QuantizationRecipe[])[KnownRecipes.Int8, KnownRecipes.ParoReleased, KnownRecipes.BFloat16])
        {
            yield return CheckCase.Of($"quantisers, {recipe}", () => Bandwidth(context, recipe));
        }
    }

    private static CheckRow Compare(CudaDevice device, CudaBackend backend, TokenGrid grid, int channels, QuantizationRecipe recipe)
    {
        TokenOrder order = TokenOrder.ForAxisOrder(grid, AxisOrder.Parse("HWF"));
        AttentionShape shape = new(1, 2, grid.Tokens, grid.Tokens, channels);
        AttentionPlan plan = AttentionPlan.Dense(shape, new BlockSize(64, 64)) with
        {
            Name = recipe.Name,
            Recipe = recipe,
            Grid = grid,
            Orders = [order],
        };
        string name = $"{recipe.Query}, {channels} channels";
        CaseInputs inputs = CaseInputs.Make(shape, Distribution.Outliers);
        using CudaAttentionKernel kernel = backend.Compile(plan);
        kernel.Run(inputs.Inputs, new TensorSpan<float>(new float[inputs.Query.Length], [1, 2, grid.Tokens, channels]));
        (OperandBuffers query, OperandBuffers key, OperandBuffers value, DeviceMemory work) = kernel.DevicePlan.Buffers;
        long wrong = 0;
        for (int head = 0; head < shape.Heads; head++)
        {
            wrong += Differences(device, work, query, Gather(inputs.Query, order, head, channels), recipe.Query, AttentionOperand.Query, plan, head);
            wrong += Differences(device, work, key, Gather(inputs.Key, order, head, channels), recipe.Key, AttentionOperand.Key, plan, head);
            wrong += ValueDifferences(device, work, value, Gather(inputs.Value, order, head, channels), plan, kernel.Planned.ValueGroups, head);
        }

        return CheckRow.AtMost(name, wrong, 0, "codes or scales differ") with
        {
            Kernels = [.. kernel.Planned.Kernels(smoothsKey: false).Where(static name => !name.Contains("block_sparse", StringComparison.Ordinal))],
        };
    }

    private static float[] Gather(float[] tensor, TokenOrder order, int head, int channels)
    {
        float[] rows = new float[order.Slots * channels];
        order.Gather(tensor.AsSpan(head * order.Tokens * channels, order.Tokens * channels), rows.AsSpan(), channels, 0f);
        return rows;
    }

    private static long Differences(
        CudaDevice device, DeviceMemory work, OperandBuffers buffers, float[] rows, OperandFormat format, AttentionOperand operand,
        AttentionPlan plan, int head)
    {
        int channels = plan.Shape.HeadDim;
        int slots = rows.Length / channels;
        int padded = Padded(slots);
        QuantizedTensor expected = Quantizer.Quantize(rows, channels, format, operand, plan.OrderOf(head), plan.Grid);
        byte[] codes = new byte[slots * channels];
        float[] scales = new float[slots];
        device.CopyToHost(codes.AsSpan(), buffers.Codes.In(work) + ((long)head * padded * channels));
        device.CopyToHost(scales.AsSpan(), buffers.Scales.In(work) + ((long)head * padded * sizeof(float)));
        long wrong = 0;
        for (int slot = 0; slot < slots; slot++)
        {
            wrong += scales[slot].Equals(expected.ScaleAt(slot, 0)) ? 0 : 1;
        }

        for (int i = 0; i < codes.Length; i++)
        {
            wrong += codes[i] == expected.Codes[i] ? 0 : 1;
        }

        return wrong;
    }

    private static long ValueDifferences(
        CudaDevice device, DeviceMemory work, OperandBuffers buffers, float[] rows, AttentionPlan plan, int groups, int head)
    {
        int channels = plan.Shape.HeadDim;
        int slots = rows.Length / channels;
        int padded = Padded(slots);
        QuantizedTensor expected = Quantizer.Quantize(rows, channels, plan.Recipe.Value, AttentionOperand.Value, plan.OrderOf(head), plan.Grid);
        byte[] codes = new byte[padded * channels];
        float[] scales = new float[groups * channels];
        device.CopyToHost(codes.AsSpan(), buffers.Codes.In(work) + ((long)head * padded * channels));
        device.CopyToHost(scales.AsSpan(), buffers.Scales.In(work) + ((long)head * groups * channels * sizeof(float)));
        long wrong = MemoryMarshal.Cast<float, int>(scales).SequenceEqual(MemoryMarshal.Cast<float, int>(expected.Scales)) ? 0 : 1;
        for (int slot = 0; slot < padded; slot++)
        {
            // Position 4c + i of sixteen holds slot {2c, 2c + 1, 2c + 8, 2c + 9}[i].
            int within = slot % 16;
            int position = (slot - within) + (4 * (within % 8 / 2)) + (within % 2) + (within >= 8 ? 2 : 0);
            for (int channel = 0; channel < channels; channel++)
            {
                byte wanted = slot < slots ? expected.Codes[(slot * channels) + channel] : (byte)0;
                wrong += codes[(channel * padded) + position] == wanted ? 0 : 1;
            }
        }

        return wrong;
    }

    private static int Padded(int slots) => (slots + KernelCatalogue.RowSlots - 1) / KernelCatalogue.RowSlots * KernelCatalogue.RowSlots;

    private static CheckRow Bandwidth(CheckContext context, QuantizationRecipe recipe)
    {
        CudaDevice device = context.Device;
        AttentionShape shape = context.IsQuick ? new(1, 1, 256, 256, 128) : new(1, 40, 75600, 75600, 128);
        double copy = ProbeStage.Copy(context).Value!.Value;
        using CudaBackend backend = context.Backend();
        using CudaAttentionKernel kernel = backend.Compile(AttentionPlan.Dense(shape, new BlockSize(64, 64)) with { Recipe = recipe });
        using DeviceTensors tensors = DeviceTensors.Make(device, shape, NumberFormat.BFloat16, copies: 1);
        Stopwatches watch = new(device, context.IsQuick);
        double seconds = Stopwatches.Median(watch.Run(stream => kernel.EnqueueQuantization(tensors.Calls[0], stream)));
        double elements = (double)shape.Heads * shape.KeyLength * shape.HeadDim;
        double written = recipe.Query.Format == NumberFormat.BFloat16 ? 2 : 1;
        // Smoothing reads K once more, one group of V a head reads V once more.
        double reads = 3 + (recipe.SmoothKey ? 1 : 0) + (recipe.Query.Format != NumberFormat.BFloat16 && recipe.Value.Group == 0 ? 1 : 0);
        double bandwidth = elements * ((2 * reads) + (3 * written)) / seconds / 1e12;
        string detail = FormattableString.Invariant($"{shape} bf16, {1e3 * seconds:0.###} ms, {bandwidth:0.00} TB/s of {copy:0.00} TB/s copied");
        return context.IsQuick
            ? CheckRow.Figure($"quantisers, {recipe}", bandwidth / copy, "of copy", detail)
            : CheckRow.AtLeast($"quantisers, {recipe}", bandwidth / copy, ShareOfCopy, "of copy", detail);
    }
}
