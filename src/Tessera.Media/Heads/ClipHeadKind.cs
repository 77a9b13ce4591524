using Tessera.Layout;

namespace Tessera.Media.Heads;

/// <summary>What one head looks at: how far it reaches along each axis and how strictly it asks for similar content.</summary>
/// <param name="Name">Short name for tables and plots.</param>
/// <param name="FrameReach">Standard deviation of the attention along frames, in tokens; infinity means that the axis does not matter.</param>
/// <param name="HeightReach">The same along rows.</param>
/// <param name="WidthReach">The same along columns.</param>
/// <param name="Content">Nats by which the logit of a random pair of tokens falls below that of a pair with equal content; 0 ignores content.</param>
public sealed record ClipHeadKind(string Name, double FrameReach, double HeightReach, double WidthReach, double Content)
{
    private const double Any = double.PositiveInfinity;

    /// <summary>
    /// The six default kinds of a grid. Video diffusion models show such heads: within frames, through time, local in all directions, along
    /// rows, along columns, and by content over the whole clip.
    /// </summary>
    public static IReadOnlyList<ClipHeadKind> DefaultsFor(TokenGrid grid) =>
    [
        new("spatial", 0.6, Math.Max(1.5, grid.Height / 8.0), Math.Max(1.5, grid.Width / 8.0), 10),
        new("temporal", Any, 0.8, 0.8, 10),
        new("local", 1.2, 2, 2, 10),
        new("rows", 0.8, 0.8, Any, 10),
        new("columns", 0.8, Any, 0.8, 10),
        new("content", Any, Math.Max(2, grid.Height / 5.0), Math.Max(2, grid.Width / 5.0), 20),
    ];

    /// <summary>The kind with reaches multiplied.</summary>
    public ClipHeadKind Widened(double factor) => this with { FrameReach = FrameReach * factor, HeightReach = HeightReach * factor, WidthReach = WidthReach * factor };

    /// <summary>Reach along an axis.</summary>
    public double Reach(GridAxis axis) => axis switch
    {
        GridAxis.Frame => FrameReach,
        GridAxis.Height => HeightReach,
        GridAxis.Width => WidthReach,
        _ => throw new ArgumentOutOfRangeException(nameof(axis), axis, "Wanted Frame, Height or Width."),
    };
}
