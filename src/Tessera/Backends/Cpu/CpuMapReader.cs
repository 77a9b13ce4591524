using Tessera.Attention;
using Tessera.Backends.Cpu.Jobs;
using Tessera.Backends.Cpu.Packing;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu;

/// <summary>
/// Reads softmax maps with the binary32 kernels: the products of QK, then row sums or block statistics instead of PV, so a pass costs a
/// little over half of dense attention. Holds no state between calls; scratch memory lives for one call.
/// </summary>
/// <param name="options">Threads and instruction set.</param>
public sealed unsafe partial class CpuMapReader(CpuOptions options) : IAttentionMapReader
{
    private readonly CpuOptions _options = options ?? throw new ArgumentNullException(nameof(options));

    /// <summary>The reader with all threads and the widest instruction set.</summary>
    public static CpuMapReader Shared { get; } = new(CpuOptions.Default);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The result has another length than the queries, an index is out of range, or Q or K holds a NaN
    /// or an infinity.</exception>
    public void ReadLogSumExp(
        in AttentionInputs inputs, int batch, int head, double scale, Span<float> logSumExp, CancellationToken cancellationToken = default)
    {
        RequireHead(inputs.Shape, batch, head, logSumExp);
        using Reading reading = new(inputs.Shape, BlockSize.Default, order: null, scale, _options);
        fixed (byte* query = inputs.Query)
        fixed (byte* key = inputs.Key)
        fixed (float* sums = logSumExp)
        {
            AttendContext context = reading.Pack(
                new RowSource(query, inputs.Query), new RowSource(key, inputs.Key), batch, head, cancellationToken);
            int tiles = CeilingDivision.Of(context.Layout.QuerySlots, CpuLayout.TargetRows);
            reading.Scheduler.Run(tiles, new LogSumExpJob(context, reading.Heads, reading.Workers, sums), cancellationToken);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">
    /// A length or the destination does not fit the order, an index is out of range, or Q or K holds a NaN or an infinity.
    /// </exception>
    public void ReadBlocks(
        in AttentionInputs inputs, int batch, int head, TokenOrder? order, double scale, ReadOnlySpan<float> logSumExp, float epsilon,
        ReadOnlySpan<int> queryBlocks, BlockMapStatistics destination, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        RequireHead(inputs.Shape, batch, head, logSumExp);
        using Reading reading = new(inputs.Shape, destination.Size, order, scale, _options);
        RequireDestination(reading.Layout, queryBlocks, destination);
        fixed (byte* query = inputs.Query)
        fixed (byte* key = inputs.Key)
        fixed (float* sums = logSumExp)
        fixed (int* rows = queryBlocks)
        {
            AttendContext context = reading.Pack(
                new RowSource(query, inputs.Query), new RowSource(key, inputs.Key), batch, head, cancellationToken);
            Array.Clear(destination.Sum);
            Array.Clear(destination.Maximum);
            Array.Clear(destination.CountBelow);
            int count = queryBlocks.IsEmpty ? context.Layout.QueryBlocks : queryBlocks.Length;
            reading.Scheduler.Run(
                count, new MapJob(context, reading.Heads, reading.Workers, sums, epsilon, rows, destination), cancellationToken);
        }
    }

    private static void RequireHead(AttentionShape shape, int batch, int head)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(batch, shape.Batch);
        ArgumentOutOfRangeException.ThrowIfNegative(head);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(head, shape.Heads);
    }

    private static void RequireHead(AttentionShape shape, int batch, int head, ReadOnlySpan<float> logSumExp)
    {
        RequireHead(shape, batch, head);
        if (logSumExp.Length != shape.QueryLength)
        {
            throw new ArgumentException(
                $"logSumExp holds {logSumExp.Length} values; wanted one per query, {shape.QueryLength}.", nameof(logSumExp));
        }
    }

    private static void RequireDestination(CpuLayout layout, ReadOnlySpan<int> queryBlocks, BlockMapStatistics destination)
    {
        if (destination.QueryBlocks != layout.QueryBlocks || destination.KeyBlocks != layout.KeyBlocks)
        {
            throw new ArgumentException(
                $"destination holds {destination.QueryBlocks} x {destination.KeyBlocks} blocks; "
                    + $"the map has {layout.QueryBlocks} x {layout.KeyBlocks} of {destination.Size}.",
                nameof(destination));
        }

        int before = -1;
        foreach (int block in queryBlocks)
        {
            if (block <= before || block >= layout.QueryBlocks)
            {
                throw new ArgumentException(
                    $"queryBlocks holds {block} after {before}; wanted ascending block rows below {layout.QueryBlocks}.",
                    nameof(queryBlocks));
            }

            before = block;
        }
    }

    /// <summary>Kernels, layout and memory of one call.</summary>
    private sealed class Reading : IDisposable
    {
        private readonly KernelSet _kernels;
        private readonly PackingPlan _packing;
        private readonly KeyBlockSlots[] _slots;
        private readonly HeadArena _arena;
        private readonly AlignedMemory _scratch;

        public Reading(AttentionShape shape, BlockSize size, TokenOrder? order, double scale, CpuOptions options)
        {
            if (order is not null && (order.Tokens != shape.QueryLength || shape.QueryLength != shape.KeyLength))
            {
                throw new ArgumentException(
                    $"Order {order} does not fit {shape}; an order needs as many tokens as there are queries and keys.", nameof(order));
            }

            QuantizationRecipe recipe = KnownRecipes.Float32;
            _kernels = KernelSet.For(recipe, size.Key, options);
            Layout = new CpuLayout(
                shape, size, order?.Slots ?? shape.QueryLength, order?.Slots ?? shape.KeyLength, recipe, skipsTiles: false, _kernels);
            _packing = new PackingPlan(recipe, order is null ? [] : [order], null, scale, Layout, 0);
            _slots = [new KeyBlockSlots(order, Layout.KeySlots, Layout.KeyBlock)];
            Scheduler = TileScheduler.ForThreads(options.EffectiveThreads);
            _arena = new HeadArena(_packing, 1, packsValues: false, Layout.KeyBlocks);
            long perWorker = TileWorker.BytesFor(Layout);
            _scratch = new AlignedMemory(perWorker * Scheduler.Threads, zeroed: true);
            Workers = new TileWorker[Scheduler.Threads];
            for (int i = 0; i < Workers.Length; i++)
            {
                Workers[i] = new TileWorker(Layout, _scratch.Pointer + (i * perWorker));
            }
        }

        public CpuLayout Layout { get; }

        public TileScheduler Scheduler { get; }

        public TileWorker[] Workers { get; }

        public PackedHead[] Heads => _arena.Heads;

        public AttendContext Pack(in RowSource query, in RowSource key, int batch, int head, CancellationToken cancellationToken)
        {
            _arena.Heads[0].Batch = batch;
            _arena.Heads[0].Head = head;
            _arena.Reset(_packing);
            KeyRange range = new(0, Layout.KeyBlocks, Layout.KeyBlocks);
            int stretch = PackJob.StretchOf(range, 1, Scheduler.Threads);
            Scheduler.Run(
                PackJob.ItemsOf(range, stretch),
                new PackJob(_packing, _kernels.Packer, key, default, false, _arena.Heads, Workers, range, stretch), cancellationToken);
            return new AttendContext
            {
                Recipe = _packing.Recipe,
                Layout = Layout,
                Kernels = _kernels,
                Packing = _packing,
                KeySlots = _slots,
                Query = query,
                Key = key,
            };
        }

        public void Dispose()
        {
            _arena.Dispose();
            _scratch.Dispose();
        }
    }
}
