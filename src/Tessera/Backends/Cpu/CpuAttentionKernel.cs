using System.Diagnostics;
using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Backends.Cpu.Jobs;
using Tessera.Backends.Cpu.Packing;
using Tessera.Layout;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu;

/// <summary>
/// A plan compiled for the CPU. Heads are taken in groups whose packed K and V fit the memory limit; per group: means, group scales,
/// packing, then attention of query tiles, each step over all threads. A run allocates nothing.
/// </summary>
/// <remarks>
/// Inputs must be finite; a NaN or an infinity is refused with the element's place. Results are equal for every number of threads.
/// </remarks>
internal sealed unsafe class CpuAttentionKernel : IAttentionKernel
{
    private readonly KernelSet _kernels;
    private readonly CpuLayout _layout;
    private readonly PackingPlan _packing;
    private readonly TileSchedule _schedule;
    private readonly TileScheduler _scheduler;
    private readonly KeyBlockSlots[] _keySlots;
    private readonly HeadArena _arena;
    private readonly int _rangeBlocks;
    private readonly AlignedMemory _carryMemory;
    private readonly RowCarry _carry;
    private readonly AlignedMemory _scratch;
    private readonly TileWorker[] _workers;
    private readonly long _keptBlocks;
    private bool _disposed;

    public CpuAttentionKernel(AttentionPlan plan, CpuOptions options)
    {
        Plan = plan;
        _kernels = KernelSet.For(plan.Recipe, plan.Mask.Size.Key, options);
        _layout = new CpuLayout(plan, _kernels);
        _packing = new PackingPlan(plan.Recipe, plan.Orders, plan.Grid, plan.EffectiveScale, _layout, _kernels.QueryOffset);
        _schedule = new TileSchedule(plan.Mask, _layout);
        _scheduler = TileScheduler.ForThreads(options.EffectiveThreads);
        _keySlots = new KeyBlockSlots[Math.Max(1, plan.Orders.Count)];
        for (int i = 0; i < _keySlots.Length; i++)
        {
            // Without padding every slot holds a key, whatever the order.
            TokenOrder? order = plan.Orders.Count > 0 && plan.Orders[i].IsPadded ? plan.Orders[i] : null;
            bool known = i > 0 && order is null && !plan.Orders[i - 1].IsPadded;
            _keySlots[i] = known ? _keySlots[i - 1] : new KeyBlockSlots(order, _layout.KeySlots, _layout.KeyBlock);
        }

        PackedResidency residency = PackedResidency.Of(plan, _packing, options);
        _rangeBlocks = residency.KeyBlocks;
        _arena = new HeadArena(_packing, residency.Heads, packsValues: true, _rangeBlocks);
        int carriedSlots = _rangeBlocks < _layout.KeyBlocks ? _layout.QuerySlots : 0;
        _carryMemory = new AlignedMemory(RowCarry.Lay(carriedSlots, null, out _), zeroed: false);
        _ = RowCarry.Lay(carriedSlots, _carryMemory.Pointer, out _carry);
        long perWorker = TileWorker.BytesFor(_layout);
        _scratch = new AlignedMemory(perWorker * _scheduler.Threads, zeroed: true);
        _workers = new TileWorker[_scheduler.Threads];
        for (int i = 0; i < _workers.Length; i++)
        {
            _workers[i] = new TileWorker(_layout, _scratch.Pointer + (i * perWorker));
        }

        _keptBlocks = plan.Mask.KeptBlocks * (plan.Shape.Heads / plan.Mask.MaskHeads) * plan.Shape.Batch;
    }

    public AttentionPlan Plan { get; }

    /// <summary>Bytes of native memory that the kernel holds.</summary>
    public long ScratchBytes => _arena.Bytes + _carryMemory.Bytes + _scratch.Bytes;

    public AttentionStatistics Run(
        in AttentionInputs inputs, TensorSpan<float> output, Span<float> logSumExp = default, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Plan.RequireFits(inputs, output, logSumExp);
        fixed (byte* query = inputs.Query)
        fixed (byte* key = inputs.Key)
        fixed (byte* value = inputs.Value)
        fixed (float* destination = &output.GetPinnableReference())
        fixed (float* sums = logSumExp)
        {
            AttendContext context = new()
            {
                Mask = Plan.Mask,
                Recipe = Plan.Recipe,
                Modifier = Plan.ScoreModifier,
                SkipThreshold = (float?)Plan.ProbabilitySkipThreshold,
                SumsWholeRows = Plan.Normalization == SoftmaxNormalization.WholeRow,
                Layout = _layout,
                Kernels = _kernels,
                Packing = _packing,
                KeySlots = _keySlots,
                Query = new RowSource(query, inputs.Query),
                Key = new RowSource(key, inputs.Key),
                Output = new OutputRows(destination, output.Strides),
                LogSumExp = sums,
                Carry = _carry,
            };
            return Run(context, new RowSource(value, inputs.Value), cancellationToken);
        }
    }

    public void Dispose()
    {
        _disposed = true;
        _arena.Dispose();
        _carryMemory.Dispose();
        _scratch.Dispose();
    }

    private AttentionStatistics Run(AttendContext context, in RowSource value, CancellationToken cancellationToken)
    {
        AttentionShape shape = Plan.Shape;
        foreach (TileWorker worker in _workers)
        {
            worker.ProbabilityTilesSkipped = 0;
        }

        long quantize = 0;
        long attend = 0;
        int pairs = shape.Batch * shape.Heads;
        if (_packing.HasTensorScales)
        {
            long start = Stopwatch.GetTimestamp();
            CollectTensorMagnitudes(context, value, pairs, cancellationToken);
            quantize += Stopwatch.GetTimestamp() - start;
        }

        for (int first = 0; first < pairs; first += _arena.Heads.Length)
        {
            int count = Math.Min(_arena.Heads.Length, pairs - first);
            long start = Stopwatch.GetTimestamp();
            Place(first, count);
            _arena.Reset(_packing);
            Prepare(context, value, count, ofTensors: false, cancellationToken);
            quantize += Stopwatch.GetTimestamp() - start;
            int[] order = _schedule.OrderOf(first, count, shape.Heads);
            for (int block = 0; block < _layout.KeyBlocks; block += _rangeBlocks)
            {
                start = Stopwatch.GetTimestamp();
                context.Range = new KeyRange(block, Math.Min(block + _rangeBlocks, _layout.KeyBlocks), _layout.KeyBlocks);
                _arena.MoveTo(_layout, block);
                Pack(context, value, count, cancellationToken);
                long packed = Stopwatch.GetTimestamp();
                quantize += packed - start;
                _scheduler.Run(order.Length / 2, new AttendJob(context, _schedule, order, _arena.Heads, _workers), cancellationToken);
                attend += Stopwatch.GetTimestamp() - packed;
            }
        }

        long skipped = 0;
        foreach (TileWorker worker in _workers)
        {
            skipped += worker.ProbabilityTilesSkipped;
        }

        return new AttentionStatistics(
            _keptBlocks, (long)pairs * Plan.Mask.QueryBlocks * Plan.Mask.KeyBlocks, skipped,
            new StageTimes(TimeSpan.Zero, TimeSpan.Zero, Stopwatch.GetElapsedTime(0, quantize), Stopwatch.GetElapsedTime(0, attend)));
    }

    private void Pack(in AttendContext context, in RowSource value, int heads, CancellationToken cancellationToken)
    {
        int stretch = PackJob.StretchOf(context.Range, heads, _scheduler.Threads);
        _scheduler.Run(
            heads * PackJob.ItemsOf(context.Range, stretch),
            new PackJob(_packing, _kernels.Packer, context.Key, value, true, _arena.Heads, _workers, context.Range, stretch),
            cancellationToken);
    }

    private void Place(int first, int count)
    {
        for (int i = 0; i < count; i++)
        {
            _arena.Heads[i].Batch = (first + i) / Plan.Shape.Heads;
            _arena.Heads[i].Head = (first + i) % Plan.Shape.Heads;
        }
    }

    /// <summary>Means and group magnitudes of the heads in flight.</summary>
    private void Prepare(in AttendContext context, in RowSource value, int count, bool ofTensors, CancellationToken cancellationToken)
    {
        if (Plan.Recipe.SmoothKey || Plan.Recipe.SmoothValue)
        {
            int strips = _packing.MeanStrips;
            _scheduler.Run(
                count * strips, new MeanJob(_packing, _kernels.Packer, context.Key, value, _arena.Heads, _workers, strips),
                cancellationToken);
            for (int i = 0; i < count; i++)
            {
                MeanJob.Reduce(_packing, _arena.Heads[i]);
            }
        }

        Collect(context, context.Query, AttentionOperand.Query, Plan.Mask.QueryBlocks, count, ofTensors, cancellationToken);
        Collect(context, context.Key, AttentionOperand.Key, Plan.Mask.KeyBlocks, count, ofTensors, cancellationToken);
        Collect(context, value, AttentionOperand.Value, Plan.Mask.KeyBlocks, count, ofTensors, cancellationToken);
    }

    private void Collect(
        in AttendContext context, in RowSource source, AttentionOperand operand, int blocks, int count, bool ofTensors,
        CancellationToken cancellationToken)
    {
        if (_packing.ModeOf(operand) is ScaleMode.RowGroups or ScaleMode.ColumnGroups && _packing.HasTensorScale(operand) == ofTensors)
        {
            _scheduler.Run(count * blocks, new MagnitudeJob(context, source, operand, _arena.Heads, _workers, blocks), cancellationToken);
        }
    }

    /// <summary>
    /// One scale for a whole tensor needs the magnitudes of every head before the first is packed, so all heads are visited once more.
    /// </summary>
    private void CollectTensorMagnitudes(in AttendContext context, in RowSource value, int pairs, CancellationToken cancellationToken)
    {
        _arena.ResetTensors();
        for (int first = 0; first < pairs; first += _arena.Heads.Length)
        {
            int count = Math.Min(_arena.Heads.Length, pairs - first);
            Place(first, count);
            Prepare(context, value, count, ofTensors: true, cancellationToken);
        }
    }
}
