namespace Tessera.Methods.Paro;

/// <summary>Relative L2 errors of O by what the exponent of P is taken against and what the denominator sums.</summary>
/// <param name="RunningExact">Running maximum, exact denominator: the released PARO and SageAttention kernels.</param>
/// <param name="TileExact">Row maximum of the tile, exact denominator.</param>
/// <param name="RunningQuantized">Running maximum, denominator from the quantised numerators.</param>
/// <param name="TileQuantized">Row maximum of the tile, denominator from the quantised numerators: our recipes.</param>
public sealed record ProbabilityErrors(double RunningExact, double TileExact, double RunningQuantized, double TileQuantized);
