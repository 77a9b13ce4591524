namespace Tessera.Neural.Convolutions;

/// <summary>How a kernel moves over a video, and the zeros around it. The kernel's extents are those of the weight. Immutable.</summary>
public sealed record ConvolutionGeometry
{
    /// <summary>One position in, one position out: a 1x1 or 1x1x1 convolution.</summary>
    public static ConvolutionGeometry Pointwise { get; } = new();

    /// <summary>3x3 on each frame, which keeps its size.</summary>
    public static ConvolutionGeometry Same3x3 { get; } = new() { Top = 1, Bottom = 1, Left = 1, Right = 1 };

    /// <summary>3x3x3 that sees no later frame: two zero frames in front unless there is a history.</summary>
    public static ConvolutionGeometry Causal3x3x3 { get; } = Same3x3 with { LeadingFrames = 2 };

    /// <summary>3x3 with stride 2, zeros at the right and the bottom only.</summary>
    public static ConvolutionGeometry Halving3x3 { get; } = new() { Stride = 2, Bottom = 1, Right = 1 };

    /// <summary>(3, 1, 1) that sees no later frame.</summary>
    public static ConvolutionGeometry CausalFrames { get; } = new() { LeadingFrames = 2 };

    /// <summary>(3, 1, 1) over every second frame, without zeros.</summary>
    public static ConvolutionGeometry HalvingFrames { get; } = new() { FrameStride = 2 };

    /// <summary>Frames between outputs.</summary>
    public int FrameStride { get; init; } = 1;

    /// <summary>Rows between outputs, and columns.</summary>
    public int Stride { get; init; } = 1;

    /// <summary>Frames in front of the first: the given history, and zeros for what it lacks.</summary>
    public int LeadingFrames { get; init; }

    /// <summary>Rows of zeros above a frame.</summary>
    public int Top { get; init; }

    /// <summary>Rows of zeros below a frame.</summary>
    public int Bottom { get; init; }

    /// <summary>Columns of zeros left of a frame.</summary>
    public int Left { get; init; }

    /// <summary>Columns of zeros right of a frame.</summary>
    public int Right { get; init; }
}
