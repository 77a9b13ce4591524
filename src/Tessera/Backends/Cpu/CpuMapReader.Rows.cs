using Tessera.Attention;
using Tessera.Backends.Cpu.Jobs;
using Tessera.Backends.Cpu.Kernels;

namespace Tessera.Backends.Cpu;

/// <summary>Attention of sampled query rows.</summary>
public sealed unsafe partial class CpuMapReader
{
    /// <inheritdoc/>
    /// <remarks>
    /// 4 R N D operations for R rows and N keys, and 2 R N D more for a mask whose runs are shorter than a chunk of keys; K is read where
    /// it lies. Inputs must be finite: a NaN or an infinity makes rows undefined.
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// There are no rows or more than 64, a query is out of range, the runs of a mask do not ascend from key 0, or the destination has
    /// another length.
    /// </exception>
    public void ReadRows(
        in AttentionInputs inputs, int batch, int head, double scale, ReadOnlySpan<int> queries, IReadOnlyList<KeyRun[]> masks,
        Span<float> destination, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(masks);
        AttentionShape shape = inputs.Shape;
        RequireHead(shape, batch, head);
        KeyRun[][] runs = [.. masks];
        RequireRows(shape, queries, runs, destination);
        RowSampler sampler = RowSampler.For(_options);
        RowSampleLayout layout = new(shape, queries.Length, sampler.PanelWidth, runs.Length);
        TileScheduler scheduler = TileScheduler.ForThreads(_options.EffectiveThreads);
        Carver sizes = new(null);
        sizes.Take(4 * layout.QueryFloats);
        sizes.Take(4 * layout.StateFloats * layout.Strips);
        sizes.Take(4 * layout.ScratchFloats * scheduler.Threads);
        using AlignedMemory memory = new(sizes.Taken, zeroed: false);
        Carver carver = new(memory.Pointer);
        float* packed = (float*)carver.Take(4 * layout.QueryFloats);
        float* states = (float*)carver.Take(4 * layout.StateFloats * layout.Strips);
        float* scratch = (float*)carver.Take(4 * layout.ScratchFloats * scheduler.Threads);
        fixed (byte* query = inputs.Query, key = inputs.Key, value = inputs.Value)
        fixed (float* output = destination)
        {
            Pack(new RowSource(query, inputs.Query), batch, head, queries, (float)(scale * Math.Log2(Math.E)), layout, packed);
            scheduler.Run(
                layout.Strips,
                new RowSampleJob(
                    sampler, layout, runs, packed, new RowSource(key, inputs.Key), new RowSource(value, inputs.Value),
                    batch, head, states, scratch),
                cancellationToken);
            for (int panel = 0; panel < layout.Panels; panel++)
            {
                sampler.Finish(layout, states, panel, output);
            }
        }
    }

    /// <summary>Rows to lanes: [panel][channel][lane], lanes without a row are 0.</summary>
    private static void Pack(
        in RowSource source, int batch, int head, ReadOnlySpan<int> queries, float factor, RowSampleLayout layout, float* packed)
    {
        new Span<float>(packed, (int)layout.QueryFloats).Clear();
        float* scratch = stackalloc float[layout.Channels];
        for (int row = 0; row < queries.Length; row++)
        {
            (int panel, int lane) = Math.DivRem(row, layout.PanelWidth);
            float* channels = source.Read(batch, head, queries[row], scratch);
            float* target = packed + ((long)panel * layout.Channels * layout.PanelWidth) + lane;
            for (int channel = 0; channel < layout.Channels; channel++)
            {
                target[channel * layout.PanelWidth] = channels[channel] * factor;
            }
        }
    }

    private static void RequireRows(AttentionShape shape, ReadOnlySpan<int> queries, KeyRun[][] masks, Span<float> destination)
    {
        if (queries.Length is 0 or > RowSampleLayout.MaximumRows)
        {
            throw new ArgumentException(
                $"queries names {queries.Length} rows; wanted 1 to {RowSampleLayout.MaximumRows}, more in several calls.", nameof(queries));
        }

        foreach (int query in queries)
        {
            if ((uint)query >= (uint)shape.QueryLength)
            {
                throw new ArgumentException($"queries holds token {query}; there are {shape.QueryLength}.", nameof(queries));
            }
        }

        foreach (KeyRun[] runs in masks)
        {
            for (int i = 0; i < Math.Max(1, runs.Length); i++)
            {
                if (runs.Length == 0 || (i == 0 ? runs[i].Start != 0 : runs[i].Start <= runs[i - 1].Start))
                {
                    throw new ArgumentException("The runs of each mask must ascend and begin with key 0.", nameof(masks));
                }
            }
        }

        long wanted = (1L + masks.Length) * queries.Length * shape.HeadDim;
        if (destination.Length != wanted)
        {
            throw new ArgumentException(
                $"destination holds {destination.Length} values; {1 + masks.Length} outputs of {queries.Length} rows of {shape.HeadDim} "
                    + $"take {wanted}.",
                nameof(destination));
        }
    }
}
