using BenchmarkDotNet.Attributes;
using Tessera.Numerics;

namespace Tessera.Benchmarks.Micro;

/// <summary>Bulk conversions of 1 M numbers against the scalar loop; divide the time by 2^20 for one number.</summary>
[MemoryDiagnoser]
public class NumberConversionBenchmarks
{
    private const int Count = 1 << 20;

    private readonly float[] _single = new float[Count];
    private readonly BFloat16[] _brain = new BFloat16[Count];
    private readonly Float8E4M3[] _float8 = new Float8E4M3[Count];

    [GlobalSetup]
    public void Fill()
    {
        Random random = new(1);
        for (int i = 0; i < Count; i++)
        {
            _single[i] = (float)((random.NextDouble() - 0.5) * 600);
        }

        BFloat16.ConvertFromSingle(_single, _brain);
        Float8E4M3.ConvertFromSingle(_single, _float8);
    }

    [Benchmark(Baseline = true)]
    public void E4M3_encode_scalar()
    {
        for (int i = 0; i < Count; i++)
        {
            _float8[i] = (Float8E4M3)_single[i];
        }
    }

    [Benchmark]
    public void E4M3_encode() => Float8E4M3.ConvertFromSingle(_single, _float8);

    [Benchmark]
    public void E4M3_decode() => Float8E4M3.ConvertToSingle(_float8, _single);

    [Benchmark]
    public void BFloat16_encode() => BFloat16.ConvertFromSingle(_single, _brain);

    [Benchmark]
    public void BFloat16_decode() => BFloat16.ConvertToSingle(_brain, _single);
}
