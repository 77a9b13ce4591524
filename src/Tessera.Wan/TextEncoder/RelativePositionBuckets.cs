namespace Tessera.Wan.TextEncoder;

/// <summary>
/// The bucket of a relative position, key position less query position: near positions have one each, far ones share them
/// logarithmically, and keys behind the query have the upper half.
/// </summary>
/// <remarks>
/// With n buckets and the half h = n/2, a = |r|: <c>a</c> below h/2, else <c>min(h - 1, h/2 + floor(ln(a / (h/2)) / ln(max / (h/2)) *
/// h/2))</c>, plus h when r is positive. The logarithms are binary32, so that edges fall as in the original. Source: Raffel et al.,
/// "Exploring the Limits of Transfer Learning", 2020, section 2.1, bidirectional.
/// </remarks>
public static class RelativePositionBuckets
{
    /// <summary>The bucket of a position.</summary>
    /// <param name="relative">Key position less query position.</param>
    /// <param name="buckets">Buckets, a multiple of 4.</param>
    /// <param name="maximumDistance">Distance from which all positions share the last bucket; beyond a quarter of the buckets.</param>
    public static int Of(int relative, int buckets, int maximumDistance)
    {
        int half = buckets / 2;
        int exact = half / 2;
        int distance = Math.Abs(relative);
        int bucket = distance;
        if (distance >= exact)
        {
            float logarithm = MathF.Log(distance / (float)exact) / (float)Math.Log(maximumDistance / (double)exact);
            bucket = Math.Min(half - 1, exact + (int)(logarithm * (half - exact)));
        }

        return relative > 0 ? half + bucket : bucket;
    }
}
