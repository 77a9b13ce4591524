using System.Diagnostics;
using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Benchmarks.Peers;

/// <summary>Our CPU backend with one recipe and density. Kept blocks are the diagonal and evenly drawn random ones; planning is not timed.</summary>
internal sealed class TesseraContestant(QuantizationRecipe recipe, double density) : IContestant
{
    private IAttentionKernel? _kernel;
    private float[] _query = [];
    private float[] _key = [];
    private float[] _value = [];
    private float[] _output = [];

    public string Name => density < 1 ? $"tessera {recipe} {density:0.##}" : $"tessera {recipe}";

    public double Density => _kernel?.Plan.Mask.Density ?? density;

    public Sample Run(AttentionShape shape)
    {
        if (_kernel?.Plan.Shape != shape)
        {
            Prepare(shape);
            _ = RunOnce(shape);
        }

        TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
        double seconds = RunOnce(shape);
        return new Sample(seconds, (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds);
    }

    public void Dispose() => _kernel?.Dispose();

    private double RunOnce(AttentionShape shape)
    {
        ReadOnlySpan<nint> lengths = [shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDim];
        TensorSpan<float> output = new(_output, lengths);
        long start = Stopwatch.GetTimestamp();
        _ = _kernel!.Run(new AttentionInputs(shape, _query, _key, _value), output);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private void Prepare(AttentionShape shape)
    {
        _kernel?.Dispose();
        Random random = new(12345);
        int elements = checked(shape.Batch * shape.Heads * shape.QueryLength * shape.HeadDim);
        (_query, _key, _value, _output) = (Uniform(random, elements), Uniform(random, elements), Uniform(random, elements), new float[elements]);
        _kernel = CpuBackend.Shared.Compile(AttentionPlan.Dense(shape) with { Name = Name, Recipe = recipe, Mask = RandomMask(shape, random) });
    }

    private BlockMask RandomMask(AttentionShape shape, Random random)
    {
        if (density >= 1)
        {
            return BlockMask.Dense(shape.QueryLength, shape.KeyLength, BlockSize.Default);
        }

        BlockMaskBuilder builder = new(shape.Heads, shape.QueryLength, shape.KeyLength, BlockSize.Default);
        int kept = Math.Max(1, (int)(density * builder.KeyBlocks));
        for (int head = 0; head < shape.Heads; head++)
        {
            for (int row = 0; row < builder.QueryBlocks; row++)
            {
                builder.Keep(head, row, Math.Min(row, builder.KeyBlocks - 1));
                while (builder.KeptInRow(head, row) < kept)
                {
                    builder.Keep(head, row, random.Next(builder.KeyBlocks));
                }
            }
        }

        return builder.Build();
    }

    private static float[] Uniform(Random random, int count)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = (2 * random.NextSingle()) - 1;
        }

        return values;
    }
}
