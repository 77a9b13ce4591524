namespace Tessera.Wan.Autoencoder;

/// <summary>
/// Tiles of a frame along one side: where they start and how much each contributes to a pixel. Weights rise and fall linearly over
/// overlaps and sum to 1 at every pixel. Positions are latent rows or columns, weights are for pixels.
/// </summary>
internal sealed class TileAxis
{
    private readonly float[][] _weights;

    /// <summary>Places tiles.</summary>
    /// <param name="extent">Latent rows or columns of the frame.</param>
    /// <param name="tiling">Sizes, or null for one tile.</param>
    public TileAxis(int extent, FrameTiling? tiling)
    {
        int tile = tiling is null ? extent : tiling.Tile / LatentShape.SpaceScale;
        int stride = tiling is null ? extent : Math.Min(tile, tiling.Stride / LatentShape.SpaceScale);
        int rest = Math.Max(0, extent - tile);
        int count = ((rest + stride - 1) / stride) + 1;
        Length = Math.Min(extent, tile);
        Starts = new int[count];
        for (int i = 1; i < count; i++)
        {
            Starts[i] = (int)((long)i * rest / (count - 1));
        }

        _weights = Weigh(extent);
    }

    /// <summary>First latent row or column of each tile.</summary>
    public int[] Starts { get; }

    /// <summary>Latent rows or columns of a tile.</summary>
    public int Length { get; }

    /// <summary>What a tile contributes to each of its pixels.</summary>
    public ReadOnlySpan<float> Weights(int tile) => _weights[tile];

    private float[][] Weigh(int extent)
    {
        int pixels = Length * LatentShape.SpaceScale;
        double[] sums = new double[extent * LatentShape.SpaceScale];
        double[][] raw = new double[Starts.Length][];
        for (int tile = 0; tile < raw.Length; tile++)
        {
            int before = tile == 0 ? 0 : Starts[tile - 1] + Length - Starts[tile];
            int after = tile == raw.Length - 1 ? 0 : Starts[tile] + Length - Starts[tile + 1];
            raw[tile] = new double[pixels];
            for (int i = 0; i < pixels; i++)
            {
                double rising = before == 0 ? 1 : Math.Min(1, (i + 0.5) / (before * LatentShape.SpaceScale));
                double falling = after == 0 ? 1 : Math.Min(1, (pixels - i - 0.5) / (after * LatentShape.SpaceScale));
                raw[tile][i] = rising * falling;
                sums[(Starts[tile] * LatentShape.SpaceScale) + i] += raw[tile][i];
            }
        }

        return [.. raw.Select((weights, tile) =>
            weights.Select((weight, i) => (float)(weight / sums[(Starts[tile] * LatentShape.SpaceScale) + i])).ToArray())];
    }
}
