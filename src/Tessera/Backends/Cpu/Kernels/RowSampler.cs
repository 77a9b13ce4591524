using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tessera.Attention;
using Tessera.Backends.Cpu.Isa;
using Tessera.Backends.Cpu.Packing;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu.Kernels;

/// <summary>Attention of a few sampled query rows under masks, chosen once per instruction set.</summary>
internal abstract unsafe class RowSampler
{
    /// <summary>Rows of a panel.</summary>
    public abstract int PanelWidth { get; }

    /// <summary>The sampler of an instruction set.</summary>
    public static RowSampler For(CpuOptions options)
    {
        KernelSet kernels = KernelSet.For(KnownRecipes.Float32, RowSampleLayout.ChunkKeys, options);
        return options.EffectiveInstructionSet switch
        {
            CpuInstructionSet.Vector512 => new RowSampler<Isa512, Vector512<float>>(kernels),
            CpuInstructionSet.Vector256 => new RowSampler<Isa256, Vector256<float>>(kernels),
            _ => new RowSampler<Isa128, Vector128<float>>(kernels),
        };
    }

    /// <summary>Sums of a strip of keys.</summary>
    /// <param name="layout">Sizes.</param>
    /// <param name="masks">Runs of each mask.</param>
    /// <param name="queries">Packed queries, base-2 scale folded in.</param>
    /// <param name="key">K.</param>
    /// <param name="value">V.</param>
    /// <param name="batch">Batch index.</param>
    /// <param name="head">Head index.</param>
    /// <param name="strip">Which strip.</param>
    /// <param name="state">Receives the sums.</param>
    /// <param name="scratch">The worker's memory.</param>
    public abstract void AddStrip(
        RowSampleLayout layout, KeyRun[][] masks, float* queries, in RowSource key, in RowSource value, int batch, int head, int strip,
        float* state, float* scratch);

    /// <summary>Adds the strips of one panel in order and divides: [output][row][channel].</summary>
    public abstract void Finish(RowSampleLayout layout, float* states, int panel, float* destination);
}

/// <summary>
/// Rows are lanes. Both products are the float tile product with B = a panel of 2 * Count rows: scores S[key][row] = K Q^T take the keys
/// as they lie, outputs O[channel][row] += V^T P take the chunk's values transposed once. A mask that is constant over a chunk costs an
/// addition of the chunk's output in the lanes that see it; one that changes inside costs a product of its own.
/// </summary>
internal sealed unsafe class RowSampler<TIsa, TVector>(KernelSet kernels) : RowSampler
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
{
    // Scores may exceed the reference by this many powers of two before sums are rescaled.
    private const float Headroom = 8;

    // A run that ends this far into a chunk ends the chunk, which makes its mask constant there.
    private const int ShortestChunk = 24;

    public override int PanelWidth => 2 * TIsa.Count;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void AddStrip(
        RowSampleLayout layout, KeyRun[][] masks, float* queries, in RowSource key, in RowSource value, int batch, int head, int strip,
        float* state, float* scratch)
    {
        float* values = scratch;
        float* weights = values + ((layout.Channels + 2L) * RowSampleLayout.ValueStride);
        float* masked = weights + layout.WeightFloats;
        float* output = masked + layout.WeightFloats;
        float* rows = output + layout.OutputFloats;
        Begin(layout, state);
        int* run = stackalloc int[masks.Length];
        int start = strip * layout.StripKeys;
        int end = Math.Min(layout.Keys, start + layout.StripKeys);
        while (start < end)
        {
            int stop = Cut(masks, run, start, Math.Min(start + RowSampleLayout.ChunkKeys, end));
            int count = stop - start;
            float* keys = rows;
            nint keyStride = layout.RowStride;
            if (key.IsDirect && (count & 1) == 0)
            {
                keys = (float*)key.Row(batch, head, start);
                keyStride = (nint)((float*)key.Row(batch, head, 1) - (float*)key.Row(batch, head, 0));
            }
            else
            {
                // The product reads one row past an odd count, which the tensor need not have.
                Copy(key, batch, head, start, count, layout, rows);
            }

            Transpose(value, batch, head, start, count, layout, values, rows + ((RowSampleLayout.ChunkKeys + 2L) * layout.RowStride));
            for (int panel = 0; panel < layout.Panels; panel++)
            {
                TileSegment segment = new() { B = queries + ((long)panel * layout.Channels * PanelWidth), Steps = layout.Channels };
                kernels.Scores.Panel(&segment, 1, keys, keyStride, count, weights, PanelWidth, null);
                float* sums = state + (panel * layout.PanelStateFloats);
                Weigh(layout, weights, count, sums);
                AddOutputs(layout, masks, run, panel, start, stop, values, weights, masked, output, sums);
            }

            start = stop;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Finish(RowSampleLayout layout, float* states, int panel, float* destination)
    {
        int width = PanelWidth;
        float* first = states + (panel * layout.PanelStateFloats);
        float* lanes = stackalloc float[width];
        for (int lane = 0; lane < width; lane += TIsa.Count)
        {
            TVector reference = TIsa.Load(first + lane);
            for (int strip = 1; strip < layout.Strips; strip++)
            {
                reference = TIsa.Max(reference, TIsa.Load(first + (strip * layout.StateFloats) + lane));
            }

            for (int strip = 0; strip < layout.Strips; strip++)
            {
                float* state = first + (strip * layout.StateFloats);
                TIsa.Store(state + lane, Exponential<TIsa, TVector>.Base2(TIsa.Subtract(TIsa.Load(state + lane), reference)));
            }
        }

        for (int index = 0; index < layout.Outputs; index++)
        {
            float* mass = first + ((1 + index) * width);
            Total(layout, first, mass, mass);
            for (int channel = 0; channel < layout.Channels; channel++)
            {
                Total(layout, first, Output(layout, first, index) + (channel * width), lanes);
                for (int lane = 0; lane < width && (panel * width) + lane < layout.Rows; lane++)
                {
                    long row = ((long)index * layout.Rows) + (panel * width) + lane;
                    destination[(row * layout.Channels) + channel] = mass[lane] > 0 ? lanes[lane] / mass[lane] : 0;
                }
            }
        }
    }

    /// <summary>Sum over strips of a row of lanes, each strip in units of the common reference.</summary>
    private static void Total(RowSampleLayout layout, float* first, float* row, float* destination)
    {
        for (int lane = 0; lane < layout.PanelWidth; lane += TIsa.Count)
        {
            TVector sum = TIsa.Zero;
            for (int strip = 0; strip < layout.Strips; strip++)
            {
                long offset = strip * layout.StateFloats;
                sum = TIsa.MultiplyAdd(TIsa.Load(row + offset + lane), TIsa.Load(first + offset + lane), sum);
            }

            TIsa.Store(destination + lane, sum);
        }
    }

    private static float* Output(RowSampleLayout layout, float* sums, int index) =>
        sums + ((1L + layout.Outputs) * layout.PanelWidth) + (index * layout.OutputFloats);

    private static void Begin(RowSampleLayout layout, float* state)
    {
        for (int panel = 0; panel < layout.Panels; panel++)
        {
            float* sums = state + (panel * layout.PanelStateFloats);
            new Span<float>(sums, layout.PanelWidth).Fill(float.NegativeInfinity);
            new Span<float>(sums + layout.PanelWidth, (int)layout.PanelStateFloats - layout.PanelWidth).Clear();
        }
    }

    /// <summary>Advances each mask to the run of a key and shortens the chunk to where a long run ends.</summary>
    private static int Cut(KeyRun[][] masks, int* run, int start, int stop)
    {
        for (int mask = 0; mask < masks.Length; mask++)
        {
            KeyRun[] runs = masks[mask];
            while (run[mask] + 1 < runs.Length && runs[run[mask] + 1].Start <= start)
            {
                run[mask]++;
            }

            int next = run[mask] + 1 < runs.Length ? runs[run[mask] + 1].Start : int.MaxValue;
            stop = next < stop && next - start >= ShortestChunk ? next : stop;
        }

        return stop;
    }

    private static void Copy(in RowSource source, int batch, int head, int start, int count, RowSampleLayout layout, float* rows)
    {
        for (int i = 0; i < count; i++)
        {
            float* target = rows + ((nint)i * layout.RowStride);
            float* row = source.Read(batch, head, start + i, target);
            if (row != target)
            {
                new ReadOnlySpan<float>(row, layout.Channels).CopyTo(new Span<float>(target, layout.Channels));
            }
        }
    }

    private static void Transpose(
        in RowSource source, int batch, int head, int start, int count, RowSampleLayout layout, float* values, float* scratch)
    {
        float* zero = scratch + (4 * layout.RowStride);
        new Span<float>(zero, layout.RowStride).Clear();
        float** rows = stackalloc float*[4];
        for (int i = 0; i < count; i += 4)
        {
            for (int r = 0; r < 4; r++)
            {
                rows[r] = i + r < count ? source.Read(batch, head, start + i + r, scratch + (r * layout.RowStride)) : zero;
            }

            Transposition.FourRows(rows[0], rows[1], rows[2], rows[3], layout.Channels, values + i, RowSampleLayout.ValueStride);
        }
    }

    /// <summary>Scores to weights 2^(s - reference), in place; raises the reference where scores outgrow it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Weigh(RowSampleLayout layout, float* weights, int count, float* sums)
    {
        int width = layout.PanelWidth;
        for (int lane = 0; lane < width; lane += TIsa.Count)
        {
            TVector largest = TIsa.Load(weights + lane);
            for (int key = 1; key < count; key++)
            {
                largest = TIsa.Max(largest, TIsa.Load(weights + (key * width) + lane));
            }

            TVector reference = TIsa.Load(sums + lane);
            if (TIsa.MaxAcross(TIsa.Subtract(largest, reference)) > Headroom)
            {
                TVector raised = TIsa.SelectLess(TIsa.Add(reference, TIsa.Broadcast(Headroom)), largest, largest, reference);
                TVector factor = Exponential<TIsa, TVector>.Base2(TIsa.Subtract(reference, raised));
                long rows = layout.Outputs + ((layout.Channels + 2L) * layout.Outputs);
                for (long row = 1; row <= rows; row++)
                {
                    TIsa.Store(sums + (row * width) + lane, TIsa.Multiply(TIsa.Load(sums + (row * width) + lane), factor));
                }

                TIsa.Store(sums + lane, raised);
                reference = raised;
            }

            TVector mass = TIsa.Load(sums + width + lane);
            for (int key = 0; key < count; key++)
            {
                float* weight = weights + (key * width) + lane;
                TVector p = Exponential<TIsa, TVector>.Base2(TIsa.Subtract(TIsa.Load(weight), reference));
                mass = TIsa.Add(mass, p);
                TIsa.Store(weight, p);
            }

            TIsa.Store(sums + width + lane, mass);
        }
    }

    /// <summary>Adds the chunk to dense attention and to every mask that a row of the panel sees.</summary>
    private void AddOutputs(
        RowSampleLayout layout, KeyRun[][] masks, int* run, int panel, int start, int stop, float* values, float* weights, float* masked,
        float* output, float* sums)
    {
        int count = stop - start;
        new Span<float>(output, layout.Channels * layout.PanelWidth).Clear();
        Multiply(layout, values, weights, count, output);
        AddLanes(layout, output, null, Output(layout, sums, 0), layout.Channels);
        float* lanes = stackalloc float[layout.PanelWidth];
        for (int mask = 0; mask < masks.Length; mask++)
        {
            float* mass = sums + ((2 + mask) * layout.PanelWidth);
            if (EndOf(masks[mask], run[mask], stop) >= stop)
            {
                if (Spread(masks[mask][run[mask]].Rows, panel, layout.PanelWidth, lanes))
                {
                    AddLanes(layout, output, lanes, Output(layout, sums, 1 + mask), layout.Channels);
                    for (int key = 0; key < count; key++)
                    {
                        AddLanes(layout, weights + (key * layout.PanelWidth), lanes, mass, 1);
                    }
                }
            }
            else if (Mask(layout, masks[mask], run[mask], panel, start, stop, weights, lanes, masked, mass))
            {
                Multiply(layout, values, masked, count, Output(layout, sums, 1 + mask));
            }
        }
    }

    private void Multiply(RowSampleLayout layout, float* values, float* weights, int count, float* output)
    {
        TileSegment segment = new() { B = weights, Steps = count };
        kernels.Output.Panel(&segment, 1, values, RowSampleLayout.ValueStride, layout.Channels, output, PanelWidth, null);
    }

    private static int EndOf(KeyRun[] runs, int run, int otherwise) => run + 1 < runs.Length ? runs[run + 1].Start : otherwise;

    /// <summary>Weights where rows see keys, 0 elsewhere, and their mass. Whether any row sees any.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool Mask(
        RowSampleLayout layout, KeyRun[] runs, int run, int panel, int start, int stop, float* weights, float* lanes, float* masked,
        float* mass)
    {
        int width = layout.PanelWidth;
        bool any = false;
        for (int key = start; key < stop; run++)
        {
            int end = Math.Min(stop, EndOf(runs, run, stop));
            any |= Spread(runs[run].Rows, panel, width, lanes);
            for (int lane = 0; lane < width; lane += TIsa.Count)
            {
                TVector seen = TIsa.Load(lanes + lane);
                TVector sum = TIsa.Load(mass + lane);
                for (int i = key - start; i < end - start; i++)
                {
                    TVector p = TIsa.And(TIsa.Load(weights + (i * width) + lane), seen);
                    sum = TIsa.Add(sum, p);
                    TIsa.Store(masked + (i * width) + lane, p);
                }

                TIsa.Store(mass + lane, sum);
            }

            key = end;
        }

        return any;
    }

    /// <summary>target += rows, in the lanes that are set; in all of them without lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddLanes(RowSampleLayout layout, float* rows, float* lanes, float* target, int count)
    {
        int width = layout.PanelWidth;
        for (int lane = 0; lane < width; lane += TIsa.Count)
        {
            TVector seen = lanes == null ? TIsa.BroadcastInt32(-1) : TIsa.Load(lanes + lane);
            for (int row = 0; row < count; row++)
            {
                float* sum = target + (row * width) + lane;
                TIsa.Store(sum, TIsa.Add(TIsa.Load(sum), TIsa.And(TIsa.Load(rows + (row * width) + lane), seen)));
            }
        }
    }

    /// <summary>Bits of a panel's rows to lanes of all or no bits. Whether any is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool Spread(ulong rows, int panel, int width, float* lanes)
    {
        ulong bits = rows >> (panel * width);
        for (int lane = 0; lane < width; lane++)
        {
            ((int*)lanes)[lane] = -(int)(bits >> lane & 1);
        }

        return (bits & (ulong.MaxValue >> (64 - width))) != 0;
    }
}
