using System.Runtime.CompilerServices;
using Tessera.Backends.Cpu;
using Tessera.Backends.Cpu.Isa;
using Tessera.Neural.Products;

namespace Tessera.Neural.Convolutions;

/// <summary>
/// A convolution as a product of its kernel with shifted windows of the input; nothing is gathered.
/// <code>
/// for each item (tile of positions I, panels J):
///   copy the window of I, with its zeros                      second-level cache
///   for each block K of taps and channels: for each panel of J
///     for each 8 positions of a row of I                      A is the window, shifted by a stretch of K; sums in registers
///   epilogue of each row
/// </code>
/// </summary>
internal readonly unsafe struct ConvolutionJob<TIsa, TVector, TEpilogue>(
    ConvolutionInput input, ConvolutionGeometry geometry, int lead, ConvolutionTile tiles, PackedKernel kernel, KernelStretch[] stretches,
    FrameSize outputSize, OutputPitch pitch, int outputChannels, ProductOutput target, int groups) : ITileJob
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
    where TEpilogue : struct, IEpilogue, allows ref struct
{
    private const int MostSegments = 32;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(int item, int worker)
    {
        int tile = item / groups;
        int firstPanel = (int)((long)kernel.Layout.Panels * (item % groups) / groups);
        int lastPanel = (int)((long)kernel.Layout.Panels * ((item % groups) + 1) / groups);
        int frame = tile / tiles.Across / tiles.Down * tiles.Extent.Frames;
        int height = tile / tiles.Across % tiles.Down * tiles.Extent.Height;
        int width = tile % tiles.Across * tiles.Extent.Width;
        FrameSize extent = new(
            Math.Min(tiles.Extent.Frames, outputSize.Frames - frame), Math.Min(tiles.Extent.Height, outputSize.Height - height),
            Math.Min(tiles.Extent.Width, outputSize.Width - width));
        int firstColumn = kernel.Layout.ColumnOf(firstPanel);
        int columns = kernel.Layout.ColumnOf(lastPanel) - firstColumn;
        long windowFloats = ProductScratch.Lines(tiles.Window.Positions * input.Channels);
        float* window = ProductScratch.Worker(windowFloats + (extent.Positions * columns));
        float* sums = window + windowFloats;
        input.CopyWindow(
            (frame * geometry.FrameStride) - lead, (height * geometry.Stride) - geometry.Top, (width * geometry.Stride) - geometry.Left,
            tiles.Window, window);
        Multiply(window, extent, FirstStretch(frame + extent.Frames - 1), firstPanel, lastPanel, sums);
        int real = Math.Min(columns, outputChannels - firstColumn);
        for (int line = 0; line < extent.Frames * extent.Height; line++)
        {
            long position = ((frame + (line / extent.Height)) * pitch.Frame) + ((height + (line % extent.Height)) * pitch.Line) + width;
            ProductFinish<TIsa, TVector, TEpilogue>.Block(
                sums + ((long)line * extent.Width * columns), columns, extent.Width, real, target, position, firstColumn);
        }

        GC.KeepAlive(kernel);
    }

    // Frames that stand for zeros before the video are left out where no output of the tile sees a real one at the same tap.
    private int FirstStretch(int lastFrame)
    {
        int absent = -input.HistoryFrames - ((lastFrame * geometry.FrameStride) - lead);
        int frames = tiles.Window.Frames - ((tiles.Extent.Frames - 1) * geometry.FrameStride);
        return Math.Clamp(absent, 0, frames - 1) * (stretches.Length / frames);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Multiply(float* window, FrameSize extent, int firstStretch, int firstPanel, int lastPanel, float* sums)
    {
        int columns = kernel.Layout.ColumnOf(lastPanel) - kernel.Layout.ColumnOf(firstPanel);
        nint step = (nint)geometry.Stride * input.Channels;
        nint line = (nint)geometry.Stride * tiles.Window.Width * input.Channels;
        nint plane = (nint)geometry.FrameStride * tiles.Window.FramePositions * input.Channels;
        ProductSegment* segments = stackalloc ProductSegment[MostSegments];
        for (int first = firstStretch, count; first < stretches.Length; first += count)
        {
            count = Math.Min(MostSegments, KernelStretch.BlockOf(stretches, first));
            for (int panel = firstPanel; panel < lastPanel; panel++)
            {
                int column = kernel.Layout.ColumnOf(panel);
                int vectors = kernel.Layout.VectorsOf(panel);
                for (int i = 0; i < count; i++)
                {
                    KernelStretch stretch = stretches[first + i];
                    segments[i].B = kernel.Panels + ((long)column * kernel.Inner) + ((long)stretch.Start * vectors * TIsa.Count);
                    segments[i].Offset = stretch.Offset;
                    segments[i].Steps = stretch.Steps;
                }

                float* c = sums + column - kernel.Layout.ColumnOf(firstPanel);
                for (int row = 0; row < extent.Frames * extent.Height; row++)
                {
                    float* a = window + (row / extent.Height * plane) + (row % extent.Height * line);
                    for (int x = 0; x < extent.Width; x += ProductTile<TIsa, TVector>.Rows)
                    {
                        ProductTile<TIsa, TVector>.Multiply(
                            segments, count, a + (x * step), step, Math.Min(ProductTile<TIsa, TVector>.Rows, extent.Width - x),
                            c + (x * (long)columns), columns, vectors, first > firstStretch);
                    }

                    c += (long)extent.Width * columns;
                }
            }
        }
    }
}
