namespace Tessera.Attention;

/// <summary>
/// The warm-up that training-free methods share: the first steps, which fix the layout of a video, and the first layers run dense.
/// </summary>
/// <param name="FirstSteps">Executed steps that run dense, from step 0.</param>
/// <param name="FirstLayers">Layers that run dense, from layer 0.</param>
public readonly record struct DensePolicy(int FirstSteps, int FirstLayers)
{
    /// <summary>Nothing runs dense.</summary>
    public static DensePolicy None => default;

    /// <summary>The counts of given shares, rounded down as Sparse VideoGen does: floor(share * count).</summary>
    /// <param name="stepShare">Share of steps, 0..1.</param>
    /// <param name="stepCount">Steps of the sampler.</param>
    /// <param name="layerShare">Share of layers, 0..1.</param>
    /// <param name="layerCount">Layers of the transformer.</param>
    /// <exception cref="ArgumentOutOfRangeException">A share is outside 0..1 or a count is below 1.</exception>
    public static DensePolicy OfShares(double stepShare, int stepCount, double layerShare, int layerCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(stepCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(layerCount, 1);
        return new DensePolicy(Share(stepShare, stepCount, nameof(stepShare)), Share(layerShare, layerCount, nameof(layerShare)));
    }

    /// <summary>Whether a call runs dense.</summary>
    public bool Covers(StepContext context) => context.Step < FirstSteps || context.Layer < FirstLayers;

    /// <inheritdoc/>
    public override string ToString() => $"dense steps {FirstSteps}, dense layers {FirstLayers}";

    private static int Share(double share, int count, string name)
    {
        if (!(share >= 0 && share <= 1))
        {
            throw new ArgumentOutOfRangeException(name, share, "Wanted a share between 0 and 1.");
        }

        // 0.1 * 50 must be 5 although the product in binary may fall short of it.
        return (int)Math.Floor((share * count) + 1e-9);
    }
}
