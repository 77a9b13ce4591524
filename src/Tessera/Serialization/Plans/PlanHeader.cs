namespace Tessera.Serialization.Plans;

/// <summary>The JSON text in a plan file: everything but the bulk data, which are tensors of the same file.</summary>
/// <param name="Model">Model that the plans were made for; may be empty.</param>
/// <param name="Shape">Batch, heads, query length, key length, head dimension.</param>
/// <param name="Schedule">Which plan runs when.</param>
/// <param name="Plans">Distinct plans.</param>
/// <param name="Orders">Distinct token orders.</param>
/// <param name="Masks">Distinct block masks.</param>
/// <param name="Properties">Free text, for example calibration settings.</param>
internal sealed record PlanHeader(
    string Model, int[] Shape, PlanHeader.ScheduleRecord Schedule, PlanHeader.PlanRecord[] Plans, PlanHeader.OrderRecord[] Orders,
    PlanHeader.MaskRecord[] Masks, SortedDictionary<string, string> Properties)
{
    /// <summary>Name of the tensor of axis ids, one a token order.</summary>
    public const string AxisTensor = "order.axis";

    /// <summary>Axis id of a token order that is stored slot by slot.</summary>
    public const byte ExplicitAxis = 255;

    /// <summary>Name of the tensor of plan indices.</summary>
    public const string TableTensor = "schedule.table";

    /// <summary>Name of the tensor of densities.</summary>
    public const string DensityTensor = "density";

    /// <summary>Name of the optional tensor of kept mass.</summary>
    public const string KeptMassTensor = "kept_mass";

    /// <summary>Name of the tensor of an order that is stored slot by slot.</summary>
    public static string SlotsTensor(int order) => $"order.{order}.slots";

    /// <summary>Name of the tensor of a mask's full blocks.</summary>
    public static string FullTensor(int mask) => $"mask.{mask}.full";

    /// <summary>Name of the tensor of a mask's partial blocks.</summary>
    public static string PartialTensor(int mask) => $"mask.{mask}.partial";

    /// <summary>A schedule without its table.</summary>
    internal sealed record ScheduleRecord(
        string Name, string Axis, double[] NoiseBoundaries, int FirstDenseSteps, int FirstDenseLayers, int DensePlan);

    /// <summary>A plan; orders and mask by index.</summary>
    internal sealed record PlanRecord(
        string Name, string? Grid, int[] Orders, int Mask, RecipeRecord Recipe, double? Scale, string Normalization,
        double? ProbabilitySkipThreshold, FunctorRecord? ScoreModifier);

    /// <summary>A token order; its axis id or its slots are tensors.</summary>
    internal sealed record OrderRecord(string Name, int Slots, int Alignment, string? Grid);

    /// <summary>A block mask; its bits are tensors.</summary>
    internal sealed record MaskRecord(int Heads, int QuerySlots, int KeySlots, int QueryBlock, int KeyBlock, FunctorRecord? Predicate);
}
