using Tessera.Attention;
using Tessera.Backends.Cpu.Packing;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu.Costs;

/// <summary>
/// Everything that one run of a plan does, counted: the layout, tiles, hand-out order and head groups are the backend's own, so a change
/// there is a change here. Holds no times.
/// </summary>
internal sealed class PlanWork
{
    /// <summary>Share of the third-level cache that packed operands get; the rest sees Q, the output and other processes.</summary>
    private const double PackedShare = 0.25;

    private readonly AttentionPlan _plan;
    private readonly CpuLayout _layout;
    private readonly PackingPlan _packing;
    private readonly TileSchedule _schedule;
    private readonly TileCounter _tiles;
    private readonly CacheSizes _caches;
    private readonly int _headsAtOnce;
    private readonly int _rangeBlocks;

    // Share of Q, K, V and the output that the last run's traffic has pushed out of the caches.
    private readonly double _uncachedTensors;

    public PlanWork(AttentionPlan plan, CpuOptions options, CacheSizes caches)
    {
        _plan = plan;
        _caches = caches;
        Threads = options.EffectiveThreads;
        KernelSet kernels = KernelSet.For(plan.Recipe, plan.Mask.Size.Key, options);
        _layout = new CpuLayout(plan, kernels);
        _packing = new PackingPlan(plan.Recipe, plan.Orders, plan.Grid, plan.EffectiveScale, _layout, kernels.QueryOffset);
        _schedule = new TileSchedule(plan.Mask, _layout);
        _tiles = new TileCounter(plan, _layout);
        (_headsAtOnce, _rangeBlocks) = PackedResidency.Of(plan, _packing, options);
        AttentionShape shape = plan.Shape;
        double tensors = 8.0 * Pairs * ((double)shape.QueryLength + shape.KeyLength) * shape.HeadDim;
        _uncachedTensors = Math.Min(1, tensors / caches.ThirdLevel);
        Passes = CountPasses();
        PackItems = (long)Pairs * _layout.KeyBlocks;
        Pack = CountPack();
    }

    /// <summary>Threads that share the work.</summary>
    public int Threads { get; }

    /// <summary>(batch, head) pairs.</summary>
    public int Pairs => _plan.Shape.Batch * _plan.Shape.Heads;

    /// <summary>Times that the threads are started before attention, over all groups of heads.</summary>
    public int Passes { get; }

    /// <summary>Groups of heads, each attended in one go.</summary>
    public int Groups => (Pairs + _headsAtOnce - 1) / _headsAtOnce;

    /// <summary>Blocks of K and V to pack.</summary>
    public long PackItems { get; }

    /// <summary>Units of packing, of all blocks together.</summary>
    public double[] Pack { get; }

    /// <summary>Wall seconds before the attention passes.</summary>
    public double PackSeconds(KernelCosts costs, double wake)
    {
        // Passes before the last, over strips and groups, are short: what counts is starting them.
        double started = (Passes - Groups) * wake * (Threads - 1) / Threads;
        return started + (Groups * Makespan.OfEqual(PackItems / Groups, costs.Of(Pack) / Groups, Threads, wake));
    }

    /// <summary>Visits the tiles of each group of heads in hand-out order.</summary>
    /// <param name="costs">What a unit costs.</param>
    /// <param name="wake">Seconds until other threads start.</param>
    /// <param name="totals">Receives the units of all tiles.</param>
    /// <returns>Wall seconds of the attention passes.</returns>
    public double Attend(KernelCosts costs, double wake, Span<double> totals)
    {
        double wall = 0;
        double[] counts = new double[KernelCosts.Terms];
        totals.Clear();
        for (int first = 0; first < Pairs; first += _headsAtOnce)
        {
            int count = Math.Min(_headsAtOnce, Pairs - first);
            int[] order = _schedule.OrderOf(first, count, _plan.Shape.Heads);
            MemoryShares shares = SharesOf(order);
            double[] items = new double[order.Length / 2];
            for (int i = 0; i < items.Length; i++)
            {
                int head = (first + order[2 * i]) % _plan.Shape.Heads;
                TileTask task = _schedule.TasksOf(head)[order[(2 * i) + 1]];
                _tiles.Count(head, task, counts);
                double bytes = (double)task.KeptBlocks * _tiles.BlockBytes;
                counts[(int)CostTerm.CacheByte] = bytes * shares.Cache;
                counts[(int)CostTerm.MemoryByte] = bytes * shares.Memory;
                counts[(int)CostTerm.RowMemory] = _uncachedTensors * 8.0 * task.Rows * _plan.Shape.HeadDim;
                if (IsMoved(head))
                {
                    counts[(int)CostTerm.RowGather] = counts[(int)CostTerm.RowMemory];
                    counts[(int)CostTerm.KeyDotGather] = counts[(int)CostTerm.KeyDot] * shares.FarKeys;
                }

                items[i] = costs.Of(counts);
                System.Numerics.Tensors.TensorPrimitives.Add(totals, counts, totals);
            }

            wall += Makespan.Of(items, Threads, wake);
        }

        return wall;
    }

    /// <summary>Which share of the packed bytes that tiles read comes from where.</summary>
    private MemoryShares SharesOf(int[] order)
    {
        double live = HeadsInFlight(order) * _rangeBlocks * _tiles.BlockBytes;
        double memory = Math.Max(0, 1 - (_caches.ThirdLevel * PackedShare / live));
        double cached = Math.Min(1, _caches.SecondLevel / 2.0 / live);
        double keys = HeadsInFlight(order) * 4.0 * _plan.Shape.KeyLength * _plan.Shape.HeadDim;
        double far = Math.Max(0, 1 - (_caches.SecondLevel / 2.0 / keys));
        return new MemoryShares(1 - memory - Math.Min(cached, 1 - memory), memory, far);
    }

    private bool IsMoved(int head) => _plan.OrderOf(head) is { IsIdentity: false };

    /// <summary>Heads whose tiles are handed out within a short time of one another, which share the caches.</summary>
    private static double HeadsInFlight(int[] order)
    {
        const int Window = 16;
        HashSet<int> seen = [];
        int windows = 0;
        int distinct = 0;
        for (int start = 0; start < order.Length; start += 2 * Window)
        {
            seen.Clear();
            for (int i = start; i < Math.Min(start + (2 * Window), order.Length); i += 2)
            {
                seen.Add(order[i]);
            }

            windows++;
            distinct += seen.Count;
        }

        return windows == 0 ? 1 : (double)distinct / windows;
    }

    private int CountPasses()
    {
        int passes = 1 + (_plan.Recipe.SmoothKey || _plan.Recipe.SmoothValue ? 2 : 0);
        foreach (AttentionOperand operand in Enum.GetValues<AttentionOperand>())
        {
            passes += _packing.ModeOf(operand) is ScaleMode.RowGroups or ScaleMode.ColumnGroups ? 1 : 0;
        }

        return passes * Groups;
    }

    private double[] CountPack()
    {
        double[] counts = new double[KernelCosts.Terms];
        AttentionShape shape = _plan.Shape;
        double slots = (double)Pairs * _layout.KeyBlocks * _layout.KeyStride;
        double channels = _layout.DotChannels + _layout.OutputColumns;
        counts[(int)CostTerm.PackSlot] = slots;
        counts[(int)CostTerm.PackChannel] = slots * channels;
        double moved = Enumerable.Range(0, shape.Heads).Count(IsMoved) / (double)shape.Heads;
        counts[(int)CostTerm.PackGather] = moved * slots * channels;
        double bytes = 8.0 * Pairs * shape.KeyLength * shape.HeadDim;
        counts[(int)CostTerm.PackMemory] = _uncachedTensors * bytes;
        counts[(int)CostTerm.PackMemoryGather] = _uncachedTensors * bytes * moved;
        counts[(int)CostTerm.PackStart] = (double)Groups * Threads;
        CountScales(AttentionOperand.Query, (double)Pairs * _layout.QuerySlots * _layout.DotChannels, counts);
        CountScales(AttentionOperand.Key, (double)Pairs * _layout.KeySlots * _layout.DotChannels, counts);
        CountScales(AttentionOperand.Value, (double)Pairs * _layout.KeySlots * shape.HeadDim, counts);
        return counts;
    }

    private void CountScales(AttentionOperand operand, double channels, double[] counts)
    {
        ScaleMode mode = _packing.ModeOf(operand);
        if (mode is ScaleMode.RowGroups or ScaleMode.ColumnGroups)
        {
            counts[(int)(mode == ScaleMode.RowGroups ? CostTerm.RowScale : CostTerm.ColumnScale)] += channels;
        }
    }

    private readonly record struct MemoryShares(double Cache, double Memory, double FarKeys);
}
