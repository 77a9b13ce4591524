using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Tessera.Backends.Cpu;
using Tessera.Backends.Cpu.Kernels;
using Tessera.Quantization;

namespace Tessera.Benchmarks;

/// <summary>
/// The softmax of one tile of 128 x 256 products, and the copy that renews them, which is to be taken off. Divide by 32,768 scores; by
/// the clock and the lanes for cycles a register.
/// </summary>
public unsafe class SoftmaxBenchmarks
{
    private const int Rows = 128;
    private const int Blocks = 4;
    private const int Keys = 64;
    private const int ScoreStride = (Blocks * Keys) + 16;
    private const int ScoreBytes = sizeof(float) * Rows * ScoreStride;

    private readonly List<nint> _memory = [];
    private TileSoftmax? _softmax;
    private SoftmaxTile _tile;
    private float* _products;

    [Params("none", "int8", "sage", "fp8")]
    public string Recipe { get; set; } = "";

    [Params(CpuInstructionSet.Vector512, CpuInstructionSet.Vector256)]
    public CpuInstructionSet Bits { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        KernelSet kernels = KernelSet.For(KnownRecipes.Parse(Recipe), Keys, new CpuOptions { InstructionSet = Bits });
        _softmax = kernels.Softmax;
        _products = Floats(Rows * ScoreStride, 0);
        Random random = new(1);
        for (int i = 0; i < Rows * ScoreStride; i++)
        {
            _products[i] = (8 * random.NextSingle()) - 4;
        }

        _tile.Rows = Rows;
        _tile.Blocks = Blocks;
        _tile.KeyStride = Keys;
        _tile.Scores = Floats(Rows * ScoreStride, 0);
        _tile.ScoreStride = ScoreStride;
        _tile.CodeStride = ScoreStride;
        _tile.Codes = (byte*)Floats(Rows * ScoreStride / sizeof(float), 0);
        _tile.OutputColumns = 128;
        _tile.OutputStride = 144;
        _tile.Output = Floats(Rows * 144, 0);
        _tile.Reference = Floats(Rows, float.NegativeInfinity);
        _tile.RunningMaximum = Floats(Rows, float.NegativeInfinity);
        _tile.Sum = Floats(Rows, 0);
        _tile.RowScales = kernels.Scores.IsInteger ? Floats(Rows, 1) : null;
        _tile.PartialStride = Rows * 16;
        _tile.PartialMaxima = Floats(Blocks * Rows * 16, 4);
        _tile.MaximaStride = 16;
        _tile.BlockMaxima = Floats(Rows * 16, 0);
        _tile.BlockFactors = Floats(Rows * 16, 0);
        _tile.ScoreFactors = Floats(Rows, 1);
        _tile.FactorStride = Rows;
        _tile.RowFactors = Floats(Blocks * Rows, 0);
        _tile.BlockRows = Keys;
    }

    [GlobalCleanup]
    public void Free() => _memory.ForEach(static memory => NativeMemory.AlignedFree((void*)memory));

    [Benchmark]
    public void CopyAlone() => Buffer.MemoryCopy(_products, _tile.Scores, ScoreBytes, ScoreBytes);

    [Benchmark]
    public void CopyAndSoftmax()
    {
        CopyAlone();
        _softmax!.Run(_tile, SoftmaxStage.Products);
    }

    private float* Floats(int count, float value)
    {
        float* memory = (float*)NativeMemory.AlignedAlloc((nuint)count * sizeof(float), AlignedMemory.Alignment);
        new Span<float>(memory, count).Fill(value);
        _memory.Add((nint)memory);
        return memory;
    }
}
