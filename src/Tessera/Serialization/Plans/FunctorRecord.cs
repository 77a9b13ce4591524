namespace Tessera.Serialization.Plans;

/// <summary>A mask or score functor in a plan file: its name and the parameters that its type takes, in their order.</summary>
/// <param name="Name">Name of the functor, for example <c>sliding-window</c>, <c>and</c>, <c>soft-cap</c>.</param>
/// <param name="Integers">Whole parameters; null when there are none.</param>
/// <param name="Values">Fractional parameters; null when there are none.</param>
/// <param name="Grid">Token grid, for functors over one.</param>
/// <param name="First">First part of a composition.</param>
/// <param name="Second">Second part of a composition.</param>
internal sealed record FunctorRecord(
    string Name, int[]? Integers = null, float[]? Values = null, string? Grid = null, FunctorRecord? First = null,
    FunctorRecord? Second = null);
