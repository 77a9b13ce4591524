using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using BenchmarkDotNet.Attributes;
using Tessera.Backends.Cpu.Emitted;
using Tessera.Backends.Cpu.Isa;
using Tessera.Backends.Cpu.Kernels;

namespace Tessera.Benchmarks.Micro;

/// <summary>
/// One column panel of the tile product, 64 rows, operands in the first-level cache. Multiply-adds per call: 64 x 2 lanes x steps x 1 (float) or
/// 4 (bytes); divide by the mean time for the rate, and by CpuPeak for the share of the machine.
/// </summary>
public unsafe class TileProductBenchmarks
{
    private const int Rows = 64;
    private const int Stride = 272;

    private float* _a;
    private float* _b;
    private float* _c;
    private float* _scales;
    private float* _maxima;

    [GlobalSetup]
    public void Allocate()
    {
        _a = Zeros(Rows * Stride);
        _b = Zeros(256 * 32);
        _c = Zeros(Rows * Stride);
        _scales = Zeros(Rows + 64);
        _maxima = Zeros(Rows * 16);
    }

    [GlobalCleanup]
    public void Free()
    {
        NativeMemory.AlignedFree(_a);
        NativeMemory.AlignedFree(_b);
        NativeMemory.AlignedFree(_c);
        NativeMemory.AlignedFree(_scales);
        NativeMemory.AlignedFree(_maxima);
    }

    [Benchmark]
    public void FloatScores_512() => Run<Isa512, Vector512<float>, FloatProduct<Isa512, Vector512<float>>, ScoreTarget>(Isa512.IsSupported, 128);

    [Benchmark]
    public void FloatScores_256() => Run<Isa256, Vector256<float>, FloatProduct<Isa256, Vector256<float>>, ScoreTarget>(Isa256.IsSupported, 128);

    [Benchmark]
    public void Int8Scores_Vnni() => Run<Isa256, Vector256<float>, VnniProduct, ScoreTarget>(VnniProduct.IsSupported, 32);

    [Benchmark]
    public void Int8Output_Vnni() => Run<Isa256, Vector256<float>, VnniProduct, OutputTarget>(VnniProduct.IsSupported, 16);

    [Benchmark]
    public void Int8Scores_Emitted() => Run(new EmittedTileProducts<ScoreTarget>("int8 vnni 512"), 32);

    [Benchmark]
    public void Int8Output_Emitted() => Run(new EmittedTileProducts<OutputTarget>("int8 vnni 512"), 16);

    [Benchmark]
    public void Int4Output_512() =>
        Run<Isa512, Vector512<float>, ShortProduct<Isa512, Vector512<float>, SevenBitSteps>, OutputTarget>(Isa512.IsSupported, 16);

    private static float* Zeros(int count)
    {
        float* memory = (float*)NativeMemory.AlignedAlloc((nuint)count * 4, 64);
        new Span<float>(memory, count).Clear();
        return memory;
    }

    private void Run<TIsa, TVector, TProduct, TTarget>(bool supported, int steps)
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
        where TProduct : struct, IProduct<TVector>
        where TTarget : struct, ITileTarget
    {
        if (!supported)
        {
            throw new PlatformNotSupportedException($"This process has no {typeof(TIsa).Name}.");
        }

        Run(new TileProducts<TIsa, TVector, TProduct, TTarget>(typeof(TProduct).Name), steps);
    }

    private void Run(TileProducts products, int steps)
    {
        TileSegment segment = new() { B = _b, Steps = steps, ColumnScales = _scales, RowFactors = _scales };
        ScoreColumns columns = new()
        {
            Corrections = _scales,
            Scales = _scales,
            Maxima = _maxima,
            MaximaStride = products.PanelWidth / 2,
            IsFirst = true,
        };
        products.Panel(&segment, 1, _a, Stride, Rows, _c, Stride, &columns);
    }
}
