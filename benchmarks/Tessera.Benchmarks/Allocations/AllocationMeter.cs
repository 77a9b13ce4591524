using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Numerics;
using Tessera.Quantization;

namespace Tessera.Benchmarks.Allocations;

/// <summary>Counts the bytes of a call in steady state, on the calling thread and in the whole process.</summary>
internal static class AllocationMeter
{
    private const int WarmUpCalls = 2;

    /// <summary>The runtime itself allocates now and then; a call that allocates never has a quiet try.</summary>
    private const int Tries = 64;

    /// <summary>Bytes of one call.</summary>
    /// <param name="backend">Backend under test.</param>
    /// <param name="one">The call.</param>
    /// <returns>Bytes of the caller's thread, and the fewest bytes of all threads together in any of several calls.</returns>
    public static (long Caller, long Process) Measure(IAttentionBackend backend, AllocationCase one)
    {
        AttentionShape shape = one.Plan.Shape;
        float[] query = Waves(shape, 0);
        float[] key = Waves(shape, 1);
        float[] value = Waves(shape, 2);
        float[] sums = one.WantsLogSumExp ? new float[shape.Batch * shape.Heads * shape.QueryLength] : [];

        // Tensor views of four dimensions keep their sizes on the heap: they are made before the count starts, as a model would.
        AttentionInputs inputs = Inputs(one, query, key, value);
        TensorSpan<float> output = new(new float[query.Length], [shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDim]);
        using IAttentionKernel kernel = backend.Compile(one.Plan);
        for (int call = 0; call < WarmUpCalls; call++)
        {
            _ = kernel.Run(inputs, output, sums);
        }

        long caller = GC.GetAllocatedBytesForCurrentThread();
        _ = kernel.Run(inputs, output, sums);
        caller = GC.GetAllocatedBytesForCurrentThread() - caller;
        long process = long.MaxValue;
        for (int call = 0; call < Tries && process > 0; call++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            _ = kernel.Run(inputs, output, sums);
            process = Math.Min(process, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        return (caller, process);
    }

    private static AttentionInputs Inputs(AllocationCase one, float[] query, float[] key, float[] value)
    {
        AttentionShape shape = one.Plan.Shape;
        AttentionInputs inputs = one.InputFormat switch
        {
            NumberFormat.Float32 => new AttentionInputs(shape, query, key, value),
            NumberFormat.BFloat16 => new AttentionInputs(
                shape, Array.ConvertAll(query, ToBFloat16), Array.ConvertAll(key, ToBFloat16), Array.ConvertAll(value, ToBFloat16)),
            NumberFormat.Float16 => new AttentionInputs(
                shape, Array.ConvertAll(query, ToHalf), Array.ConvertAll(key, ToHalf), Array.ConvertAll(value, ToHalf)),
            _ => throw new ArgumentOutOfRangeException(nameof(one), one.InputFormat, "No tensors are made of this format."),
        };
        return inputs with { Rotary = one.Rotary };
    }

    private static BFloat16 ToBFloat16(float value) => (BFloat16)value;

    private static Half ToHalf(float value) => (Half)value;

    private static float[] Waves(AttentionShape shape, int phase)
    {
        float[] values = new float[shape.Batch * shape.Heads * shape.QueryLength * shape.HeadDim];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = MathF.Sin((0.7f * i) + phase);
        }

        return values;
    }
}
