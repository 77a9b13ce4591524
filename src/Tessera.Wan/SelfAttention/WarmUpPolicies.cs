using Tessera.Attention;

namespace Tessera.Wan.SelfAttention;

/// <summary>The dense warm-up that each method's authors run Wan2.1 with.</summary>
public static class WarmUpPolicies
{
    /// <summary>Released STA strategy of Wan2.1: 12 of 50 steps.</summary>
    private const double SlidingTileSteps = 12.0 / 50;

    /// <summary>Released SVG preset of Wan2.1 text to video at 720p [first_times_fp, first_layers_fp].</summary>
    private const double SparseVideoGenSteps = 0.2;

    private const double SparseVideoGenLayers = 0.03;

    /// <summary>Ours, for PARO that calibrates itself: the least share that good results of the field keep dense.</summary>
    private const double SelfCalibrationSteps = 0.1;

    /// <summary>The warm-up of a method.</summary>
    /// <param name="method">Name of the method.</param>
    /// <param name="selfCalibrates">PARO without a stored plan, which needs at least one dense step to look at.</param>
    /// <param name="steps">Steps of the sampler.</param>
    /// <param name="layers">Layers of the transformer.</param>
    /// <remarks>
    /// Shares are rounded down as Sparse VideoGen does. PAROAttention, FPSAttention, SpargeAttention and SageAttention publish none.
    /// </remarks>
    public static DensePolicy Of(string method, bool selfCalibrates, int steps, int layers) => method switch
    {
        "sta" => DensePolicy.OfShares(SlidingTileSteps, steps, 0, layers),
        "svg" => DensePolicy.OfShares(SparseVideoGenSteps, steps, SparseVideoGenLayers, layers),
        "paro" when selfCalibrates =>
            DensePolicy.OfShares(SelfCalibrationSteps, steps, 0, layers) is { FirstSteps: > 0 } policy ? policy : new DensePolicy(1, 0),
        _ => DensePolicy.None,
    };
}
