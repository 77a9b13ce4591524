namespace Tessera.Layout;

/// <summary>
/// One of the six orders in which the axes of a grid can be nested, outermost first.
/// The ids are part of the plan-file contract of PAROAttention: 0 FHW, 1 FWH, 2 HWF, 3 HFW, 4 WHF, 5 WFH.
/// </summary>
public readonly record struct AxisOrder
{
    private static readonly GridAxis[][] Axes =
    [
        [GridAxis.Frame, GridAxis.Height, GridAxis.Width],
        [GridAxis.Frame, GridAxis.Width, GridAxis.Height],
        [GridAxis.Height, GridAxis.Width, GridAxis.Frame],
        [GridAxis.Height, GridAxis.Frame, GridAxis.Width],
        [GridAxis.Width, GridAxis.Height, GridAxis.Frame],
        [GridAxis.Width, GridAxis.Frame, GridAxis.Height],
    ];

    private static readonly string[] Names = ["FHW", "FWH", "HWF", "HFW", "WHF", "WFH"];

    /// <summary>The order with the given id.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not 0..5.</exception>
    public AxisOrder(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, Names.Length);
        Id = id;
    }

    /// <summary>The natural order F, H, W.</summary>
    public static AxisOrder Natural => default;

    /// <summary>All six orders by ascending id.</summary>
    public static IReadOnlyList<AxisOrder> All { get; } = [new(0), new(1), new(2), new(3), new(4), new(5)];

    /// <summary>The id of the PARO contract, 0..5.</summary>
    public int Id { get; }

    /// <summary>Outermost axis: the one along which blocks are furthest apart.</summary>
    public GridAxis Outer => Axes[Id][0];

    /// <summary>Middle axis.</summary>
    public GridAxis Middle => Axes[Id][1];

    /// <summary>Innermost axis: neighbours along it are neighbours in memory.</summary>
    public GridAxis Inner => Axes[Id][2];

    /// <summary>The order named by three letters, for example <c>HWF</c>.</summary>
    /// <exception cref="FormatException">The name is none of the six.</exception>
    public static AxisOrder Parse(string name)
    {
        int id = Array.IndexOf(Names, name);
        return id >= 0 ? new(id) : throw new FormatException($"Axis order '{name}' is unknown; wanted one of {string.Join(", ", Names)}.");
    }

    /// <inheritdoc/>
    public override string ToString() => Names[Id];
}
