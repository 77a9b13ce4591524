using Tessera.Layout;

namespace Tessera.Media.Heads;

/// <summary>What one head looks at: how far it reaches along each axis and how strictly it asks for similar content.</summary>
/// <param name="Name">Short name for tables and plots.</param>
/// <param name="FrameReach">Standard deviation of the attention along frames, in tokens; infinity means that the axis does not
/// matter.</param>
/// <param name="HeightReach">The same along rows.</param>
/// <param name="WidthReach">The same along columns.</param>
/// <param name="Content">Nats by which the logit of a random pair of tokens falls below that of a pair with equal content; 0 ignores
/// content.</param>
public sealed record ClipHeadKind(string Name, double FrameReach, double HeightReach, double WidthReach, double Content)
{
    private const double Any = double.PositiveInfinity;

    /// <summary>
    /// The six default kinds of a grid. Video diffusion models show such heads: within frames, through time, local in all directions, along
    /// rows, along columns, and by content over the whole clip. Reaches grow with the grid, so that a finer grid has no sparser heads.
    /// </summary>
    public static IReadOnlyList<ClipHeadKind> DefaultsFor(TokenGrid grid)
    {
        double frames = Math.Max(0.6, grid.Frames / 16.0);
        double rows = Math.Max(0.8, grid.Height / 24.0);
        double columns = Math.Max(0.8, grid.Width / 24.0);
        return
        [
            new("spatial", frames, 3 * rows, 3 * columns, 10),
            new("temporal", Any, rows, columns, 10),
            new("local", 2 * frames, 2.5 * rows, 2.5 * columns, 10),
            new("rows", frames, rows, Any, 10),
            new("columns", frames, Any, columns, 10),
            new("content", Any, 5 * rows, 5 * columns, 20),
        ];
    }

    /// <summary>The kind with reaches multiplied.</summary>
    public ClipHeadKind Widened(double factor) =>
        this with { FrameReach = FrameReach * factor, HeightReach = HeightReach * factor, WidthReach = WidthReach * factor };

    /// <summary>Reach along an axis.</summary>
    public double Reach(GridAxis axis) => axis switch
    {
        GridAxis.Frame => FrameReach,
        GridAxis.Height => HeightReach,
        GridAxis.Width => WidthReach,
        _ => throw new ArgumentOutOfRangeException(nameof(axis), axis, "Wanted Frame, Height or Width."),
    };
}
