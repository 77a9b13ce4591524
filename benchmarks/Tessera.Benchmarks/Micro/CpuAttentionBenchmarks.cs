using System.Numerics.Tensors;
using BenchmarkDotNet.Attributes;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Benchmarks.Micro;

/// <summary>Whole attention calls on the CPU backend: four heads of 4,096 tokens and 128 channels, packing included, planning excluded.</summary>
[MemoryDiagnoser]
public class CpuAttentionBenchmarks
{
    private static readonly AttentionShape Shape = new(1, 4, 4096, 4096, 128);
    private readonly float[] _query = Values(1);
    private readonly float[] _key = Values(2);
    private readonly float[] _value = Values(3);
    private readonly float[] _output = new float[4 * 4096 * 128];
    private IAttentionKernel? _kernel;

    [Params("none", "int8", "k4v4", "fp8")]
    public string Recipe { get; set; } = "none";

    [Params(1.0, 0.25)]
    public double Density { get; set; }

    [GlobalSetup]
    public void Compile()
    {
        BlockMaskBuilder builder = new(4, 4096, 4096, BlockSize.Default);
        Random random = new(4);
        for (int head = 0; head < 4; head++)
        {
            for (int row = 0; row < 64; row++)
            {
                int[] columns = [.. Enumerable.Range(0, 64)];
                random.Shuffle(columns);
                for (int i = 0; i < (int)(64 * Density); i++)
                {
                    builder.Keep(head, row, columns[i]);
                }
            }
        }

        _kernel = CpuBackend.Shared.Compile(new AttentionPlan { Name = "benchmark", Shape = Shape, Mask = builder.Build(), Recipe = KnownRecipes.Parse(Recipe) });
    }

    [GlobalCleanup]
    public void Dispose() => _kernel?.Dispose();

    [Benchmark]
    public AttentionStatistics Run() => _kernel!.Run(new AttentionInputs(Shape, _query, _key, _value), new TensorSpan<float>(_output, [1, 4, 4096, 128]));

    private static float[] Values(int seed)
    {
        Random random = new(seed);
        float[] values = new float[4 * 4096 * 128];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (random.NextSingle() * 2) - 1;
        }

        return values;
    }
}
