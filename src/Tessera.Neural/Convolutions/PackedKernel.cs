using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Tessera.Backends.Cpu;
using Tessera.Neural.Products;
using Tessera.Serialization;

namespace Tessera.Neural.Convolutions;

/// <summary>
/// The weights of a convolution in panels: <c>panel[(tap * in + c) * width + j] = W[column + j, c, tap]</c>, zeros for channels that do not
/// exist. Unlike those of a linear layer they are packed once: a convolution of a small image would pack as long as it computes.
/// </summary>
internal sealed unsafe class PackedKernel
{
    private const int Together = 4;

    private readonly float* _panels;
    private readonly long _bytes;

    /// <summary>Packs.</summary>
    /// <param name="weight">W [out, in, taps...] as stored.</param>
    /// <param name="taps">Taps of the kernel.</param>
    /// <param name="channels">Input channels of one tap.</param>
    /// <param name="isPaired">Whether the input channels are those of a frame and then those of its predecessor, which is the first
    /// tap.</param>
    /// <param name="layout">Panels of the output channels.</param>
    /// <param name="threads">Threads.</param>
    public PackedKernel(StoredTensor weight, int taps, int channels, bool isPaired, PanelLayout layout, int threads)
    {
        Inner = taps * channels;
        Layout = layout;
        _bytes = (long)layout.ColumnOf(layout.Panels) * Inner * sizeof(float);
        _panels = (float*)NativeMemory.AlignedAlloc((nuint)_bytes, AlignedMemory.Alignment);
        GC.AddMemoryPressure(_bytes);
        WorkSharing.Run(layout.Panels, new Job(_panels, weight, taps, channels, isPaired, layout), threads);
    }

    /// <summary>Frees the panels.</summary>
    ~PackedKernel()
    {
        NativeMemory.AlignedFree(_panels);
        GC.RemoveMemoryPressure(_bytes);
    }

    /// <summary>Taps times input channels.</summary>
    public int Inner { get; }

    /// <summary>Panels of the output channels.</summary>
    public PanelLayout Layout { get; }

    /// <summary>First panel; valid while this object is reachable.</summary>
    public float* Panels => _panels;

    private readonly struct Job(float* panels, StoredTensor weight, int taps, int channels, bool isPaired, PanelLayout layout) : ITileJob
    {
        public void Execute(int item, int worker)
        {
            int inner = taps * channels;
            int column = layout.ColumnOf(item);
            int width = layout.VectorsOf(item) * layout.Lanes;
            float* panel = panels + ((long)column * inner);
            float* rows = ProductScratch.Worker((long)Together * inner);
            for (int j = 0; j < width; j += Together)
            {
                for (int i = 0; i < Together; i++)
                {
                    Span<float> row = new(rows + ((long)i * inner), inner);
                    if (column + j + i < weight.Rows)
                    {
                        weight.ReadSingle((column + j + i) * weight.RowLength, row);
                    }
                    else
                    {
                        row.Clear();
                    }
                }

                Scatter(rows, panel + j, width);
            }
        }

        // Stored order is channel by channel, and within a channel tap by tap.
        private void Scatter(float* rows, float* panel, int width)
        {
            int inner = taps * channels;
            int spatial = isPaired ? taps / 2 : taps;
            for (int tap = 0; tap < taps; tap++)
            {
                int first = !isPaired ? tap : tap < spatial ? (channels * spatial) + tap : tap - spatial;
                float* source = rows + first;
                for (int c = 0; c < channels; c++)
                {
                    Vector128.Create(source[0], source[inner], source[2 * inner], source[3 * inner])
                        .Store(panel + ((((long)tap * channels) + c) * width));
                    source += spatial;
                }
            }
        }
    }
}
