namespace Tessera.Cli.Plans;

/// <summary>
/// A plan file as readable JSON, for people, diffs and other programs. Converting there and back gives an equal plan file.
/// </summary>
internal sealed record PlanDocument
{
    /// <summary>Version of this document's schema.</summary>
    public const int CurrentVersion = 1;

    public required int Version { get; init; }

    /// <summary>Model that the plans were made for; may be empty.</summary>
    public string Model { get; init; } = "";

    public SortedDictionary<string, string> Properties { get; init; } = [];

    /// <summary>Share of attention mass on kept blocks, plans x heads; empty when it was not measured.</summary>
    public float[] KeptMass { get; init; } = [];

    public required ScheduleDocument Schedule { get; init; }

    public required IReadOnlyList<SinglePlanDocument> Plans { get; init; }
}

/// <summary>Which plan runs when.</summary>
/// <param name="Name">Stable name.</param>
/// <param name="Axis">What rows stand for.</param>
/// <param name="NoiseBoundaries">Falling noise times between phases.</param>
/// <param name="Layers">Columns of the table.</param>
/// <param name="Table">Plan index per row and layer, row-major.</param>
/// <param name="FirstDenseSteps">Steps of the dense warm-up.</param>
/// <param name="FirstDenseLayers">Layers that stay dense.</param>
/// <param name="DensePlan">Plan of the warm-up, or -1.</param>
internal sealed record ScheduleDocument(
    string Name, string Axis, double[] NoiseBoundaries, int Layers, int[] Table, int FirstDenseSteps, int FirstDenseLayers, int DensePlan);

/// <summary>One plan.</summary>
internal sealed record SinglePlanDocument
{
    public required string Name { get; init; }

    public required ShapeDocument Shape { get; init; }

    public string? Grid { get; init; }

    public double? Scale { get; init; }

    public required string Normalization { get; init; }

    public double? ProbabilitySkipThreshold { get; init; }

    public required RecipeDocument Recipe { get; init; }

    /// <summary>Token order per head: none, one for all, or one each.</summary>
    public IReadOnlyList<OrderDocument> Orders { get; init; } = [];

    public required MaskDocument Mask { get; init; }
}

/// <summary>Sizes of a call.</summary>
internal sealed record ShapeDocument(int Batch, int Heads, int QueryLength, int KeyLength, int HeadDim);

/// <summary>A token order: an axis order by name, or the token of each slot (-1 is padding).</summary>
/// <param name="Name">Stable name.</param>
/// <param name="Alignment">Padding stands last in runs of this many slots.</param>
/// <param name="Axes">An axis order such as HWF over the plan's grid; null for an explicit order.</param>
/// <param name="TokenAtSlot">The token of each slot of an explicit order.</param>
internal sealed record OrderDocument(string Name, int Alignment, string? Axes = null, int[]? TokenAtSlot = null);

/// <summary>Kept blocks. A row is written as ranges of key blocks, for example <c>0-3,17,40-41</c>.</summary>
/// <param name="BlockSize">Query and key slots of a block.</param>
/// <param name="QuerySlots">Query slots, padding included.</param>
/// <param name="KeySlots">Key slots, padding included.</param>
/// <param name="Density">Share of blocks computed; for readers, not read back.</param>
/// <param name="Heads">Per mask head, the kept blocks of each block row.</param>
internal sealed record MaskDocument(int[] BlockSize, int QuerySlots, int KeySlots, double Density, IReadOnlyList<string[]> Heads);

/// <summary>Number formats.</summary>
internal sealed record RecipeDocument(
    string Name, OperandDocument Query, OperandDocument Key, ProbabilityDocument Probability, OperandDocument Value,
    bool SmoothKey, bool SmoothQuery, bool SmoothValue, bool Hadamard);

/// <summary>Format of Q, K or V.</summary>
internal sealed record OperandDocument(string Format, string Granularity, int Group, string? Tile);

/// <summary>Format of P.</summary>
internal sealed record ProbabilityDocument(string Format, string Reference, string Denominator, string Rounding, float Scale);
