namespace Tessera.Neural.Convolutions;

/// <summary>
/// Part of a row of taps: neighbouring taps of one row of the kernel read neighbouring positions, so they are one stretch of the inner
/// dimension in the window as in the panels.
/// </summary>
/// <param name="Offset">Where it begins in the window, relative to the first tap.</param>
/// <param name="Start">Where it begins in a panel, in steps.</param>
/// <param name="Steps">Length.</param>
internal readonly record struct KernelStretch(nint Offset, int Start, int Steps)
{
    private const int Longest = 1152;

    /// <summary>Divides the inner dimension of a convolution.</summary>
    /// <param name="layer">The convolution.</param>
    /// <param name="window">Extents of the window of a tile.</param>
    public static KernelStretch[] Of(Convolution layer, FrameSize window)
    {
        int row = layer.KernelWidth * layer.InputChannels;
        int parts = (row + Longest - 1) / Longest;
        KernelStretch[] stretches = new KernelStretch[layer.KernelFrames * layer.KernelHeight * parts];
        for (int i = 0; i < stretches.Length; i++)
        {
            int taps = i / parts;
            int first = (int)((long)row * (i % parts) / parts);
            int end = (int)((long)row * ((i % parts) + 1) / parts);
            nint line = ((taps / layer.KernelHeight * window.Height) + (taps % layer.KernelHeight)) * (nint)window.Width;
            stretches[i] = new KernelStretch((line * layer.InputChannels) + first, (taps * row) + first, end - first);
        }

        return stretches;
    }

    /// <summary>How many stretches from one on make a block that stays in the cache.</summary>
    public static int BlockOf(KernelStretch[] stretches, int first)
    {
        int steps = 0;
        int next = first;
        while (next < stretches.Length && (next == first || steps + stretches[next].Steps <= Longest))
        {
            steps += stretches[next++].Steps;
        }

        return next - first;
    }
}
