namespace Tessera.Cuda.Emulation;

/// <summary>How the threads of an emulated block take turns.</summary>
/// <param name="Seed">0: one after the other. Odd: any thread next. Even: one warp runs on as long as it can.</param>
/// <param name="IsLate">Bulk copies happen only when nothing else can go on.</param>
public readonly record struct EmulatedSchedule(ulong Seed, bool IsLate = false)
{
    /// <summary>Turns in order, two random orders, a hasty warp, and late copies.</summary>
    public static IReadOnlyList<EmulatedSchedule> All { get; } = [new(0), new(1), new(3), new(2), new(4, IsLate: true)];
}
