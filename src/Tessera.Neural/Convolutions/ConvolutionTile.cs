namespace Tessera.Neural.Convolutions;

/// <summary>
/// The part of the output that one item of work computes, and the window of the input that it needs, zeros included. The window is copied
/// once into memory of the worker, where every tap of the kernel is a shift: no row of the input is written down once for each tap.
/// </summary>
internal readonly record struct ConvolutionTile
{
    private const int MostPositions = 256;
    private const int WidestRow = 32;
    private const long MostFloats = 3 << 16;

    private ConvolutionTile(FrameSize output, FrameSize extent, FrameSize window)
    {
        Extent = extent;
        Window = window;
        Across = Parts(output.Width, extent.Width);
        Down = Parts(output.Height, extent.Height);
        Along = Parts(output.Frames, extent.Frames);
    }

    /// <summary>Output positions of a tile; fewer at the far borders.</summary>
    public FrameSize Extent { get; }

    /// <summary>Input positions that a tile needs.</summary>
    public FrameSize Window { get; }

    /// <summary>Tiles along the width.</summary>
    public int Across { get; }

    /// <summary>Tiles along the height.</summary>
    public int Down { get; }

    /// <summary>Tiles along time.</summary>
    public int Along { get; }

    /// <summary>Tiles.</summary>
    public int Count => Across * Down * Along;

    /// <summary>Chooses tiles: rows of whole register tiles, then as square as possible while the window stays in the cache.</summary>
    /// <param name="layer">The convolution.</param>
    /// <param name="output">Extents of its output.</param>
    /// <param name="wanted">Tiles that keep all threads busy; more of them never change a result.</param>
    public static ConvolutionTile For(Convolution layer, FrameSize output, int wanted)
    {
        int width = Even(output.Width, WidestRow);
        FrameSize best = new(1, 1, width);
        for (int height = 1; height <= output.Height && height * width <= MostPositions; height++)
        {
            if (height > 1 && TilesOf(output, new(1, height, width)) < wanted)
            {
                break;
            }

            best = Fits(layer, new(1, height, width)) ? new(1, height, width) : best;
        }

        best = best with { Height = Even(output.Height, best.Height, 1) };
        while (best.Frames < output.Frames && best.Height == output.Height && best.Positions < MostPositions
            && Fits(layer, best with { Frames = best.Frames + 1 }) && TilesOf(output, best with { Frames = best.Frames + 1 }) >= wanted)
        {
            best = best with { Frames = best.Frames + 1 };
        }

        return new ConvolutionTile(output, best, WindowOf(layer, best));
    }

    private static FrameSize WindowOf(Convolution layer, FrameSize extent) => new(
        ((extent.Frames - 1) * layer.Geometry.FrameStride) + layer.KernelFrames,
        ((extent.Height - 1) * layer.Geometry.Stride) + layer.KernelHeight,
        ((extent.Width - 1) * layer.Geometry.Stride) + layer.KernelWidth);

    private static bool Fits(Convolution layer, FrameSize extent) =>
        WindowOf(layer, extent).Positions * layer.InputChannels <= MostFloats;

    private static long TilesOf(FrameSize output, FrameSize extent) =>
        (long)Parts(output.Width, extent.Width) * Parts(output.Height, extent.Height) * Parts(output.Frames, extent.Frames);

    // Equal parts of at most so many, in whole register tiles.
    private static int Even(int length, int most, int multiple = 8)
    {
        int parts = Parts(length, most);
        return Math.Min(length, (Parts(length, parts) + multiple - 1) / multiple * multiple);
    }

    private static int Parts(int length, int part) => (length + part - 1) / part;
}
