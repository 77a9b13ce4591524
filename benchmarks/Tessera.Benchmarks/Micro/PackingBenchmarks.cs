using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Backends.Cpu.Packing;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Numerics;
using Tessera.Quantization;

namespace Tessera.Benchmarks.Micro;

/// <summary>
/// Packing alone, one thread: means of K, packed K, packed V and packed Q of one head of 16x16x16 = 4,096 tokens, in an order that gathers.
/// Divide the mean time by 4,096 for a row; 4 (or 2) bytes times the channels of a row divided by that is the rate over the source.
/// </summary>
#pragma warning disable CA1001 // The runner calls Free.
public unsafe class PackingBenchmarks
#pragma warning restore CA1001
{
    private const int Tokens = 4096;
    private static readonly TokenGrid Grid = new(16, 16, 16);

    private float[] _singles = [];
    private BFloat16[] _brains = [];
    private RotaryEmbedding? _rotary;
    private RowPacker _packer = null!;
    private CpuLayout _layout = null!;
    private PackingPlan _packing = null!;
    private HeadArena _arena = null!;
    private AlignedMemory _memory = null!;
    private TileWorker _worker = null!;
    private PackedQueries _queries;
    private double* _sums;

    [Params(128, 64)]
    public int HeadDim { get; set; }

    [Params("none", "int8", "k4v4", "fp8")]
    public string Recipe { get; set; } = "int8";

    /// <summary>fp32, bf16, or fp32 with a rotary embedding.</summary>
    [Params("fp32", "bf16", "rotary")]
    public string Input { get; set; } = "fp32";

    private AttentionShape Shape => new(1, 1, Tokens, Tokens, HeadDim);

    private AttentionInputs Inputs => Input == "bf16"
        ? new AttentionInputs(Shape, _brains, _brains, _brains)
        : new AttentionInputs(Shape, _singles, _singles, _singles) with { Rotary = _rotary };

    [GlobalSetup]
    public void Prepare()
    {
        Random random = new(1);
        _singles = [.. Enumerable.Range(0, Tokens * HeadDim).Select(_ => (random.NextSingle() * 2) - 1)];
        _brains = Array.ConvertAll(_singles, static value => (BFloat16)value);
        _rotary = Input == "rotary" ? RotaryEmbedding.ForGrid(Grid, HeadDim) : null;
        AttentionPlan plan = AttentionPlan.Dense(Shape, BlockSize.Default) with
        {
            Recipe = KnownRecipes.Parse(Recipe),
            Grid = Grid,
            Orders = [TokenOrder.ForAxisOrder(Grid, AxisOrder.Parse("HWF"))],
        };
        KernelSet kernels = KernelSet.For(plan.Recipe, plan.Mask.Size.Key, CpuOptions.Default);
        _packer = kernels.Packer;
        _layout = new CpuLayout(plan, kernels);
        _packing = new PackingPlan(plan.Recipe, plan.Orders, plan.Grid, plan.EffectiveScale, _layout, kernels.QueryOffset);
        _arena = new HeadArena(_packing, 1, packsValues: true, _layout.KeyBlocks);
        _arena.Reset(_packing);
        _memory = new AlignedMemory(TileWorker.BytesFor(_layout), zeroed: true);
        _worker = new TileWorker(_layout, _memory.Pointer);
        _queries.Rows = (float*)NativeMemory.AlignedAlloc((nuint)(4 * _layout.QueryStride * CpuLayout.TargetRows), 64);
        _queries.RowScales = (float*)NativeMemory.AlignedAlloc(4 * CpuLayout.TargetRows, 64);
        _sums = (double*)NativeMemory.AlignedAlloc(8 * AttentionShape.MaximumHeadDim, 64);
        new Span<double>(_sums, AttentionShape.MaximumHeadDim).Clear();
    }

    [GlobalCleanup]
    public void Free()
    {
        _arena.Dispose();
        _memory.Dispose();
        NativeMemory.AlignedFree(_queries.Rows);
        NativeMemory.AlignedFree(_queries.RowScales);
        NativeMemory.AlignedFree(_sums);
    }

    [Benchmark]
    public void KeyMeans()
    {
        AttentionInputs inputs = Inputs;
        fixed (byte* first = inputs.Key)
        {
            RowSource source = new(first, inputs.Key);
            for (int slot = 0; slot < Tokens; slot += 256)
            {
                _packer.AddRows(_packing, source, _arena.Heads[0], slot, 256, _sums, _worker.Scratch);
            }
        }
    }

    [Benchmark]
    public void Keys()
    {
        AttentionInputs inputs = Inputs;
        fixed (byte* first = inputs.Key)
        {
            RowSource source = new(first, inputs.Key);
            for (int block = 0; block < _layout.KeyBlocks; block++)
            {
                _packer.PackKeys(_packing, source, _arena.Heads[0], block, _worker.Scratch);
            }
        }
    }

    [Benchmark]
    public void Values()
    {
        AttentionInputs inputs = Inputs;
        fixed (byte* first = inputs.Value)
        {
            RowSource source = new(first, inputs.Value);
            for (int block = 0; block < _layout.KeyBlocks; block++)
            {
                _packer.PackValues(_packing, source, _arena.Heads[0], block, _worker.Scratch);
            }
        }
    }

    [Benchmark]
    public void Queries()
    {
        AttentionInputs inputs = Inputs;
        fixed (byte* first = inputs.Query)
        {
            RowSource source = new(first, inputs.Query);
            for (int slot = 0; slot < Tokens; slot += CpuLayout.TargetRows)
            {
                _packer.PackQueries(
                    _packing, source, _arena.Heads[0], slot, CpuLayout.TargetRows, mean: null, _queries, _worker.Scratch);
            }
        }
    }
}
