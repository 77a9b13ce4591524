using Tessera.Attention;

namespace Tessera.Cuda.Planning;

/// <summary>
/// A rotary embedding as the kernels read it: three positions a token, and per axis a row a position of (cosine, sine) pairs.
/// </summary>
internal sealed class RotaryTables
{
    private const int Axes = 3;

    /// <summary>Lays an embedding out; its factors are taken over bit for bit.</summary>
    public RotaryTables(RotaryEmbedding rotary)
    {
        ReadOnlySpan<RotaryAxis> axes = rotary.Axes;
        Positions = new int[Axes * rotary.Tokens];
        int[] extents = new int[axes.Length];
        for (int token = 0; token < rotary.Tokens; token++)
        {
            for (int axis = 0; axis < axes.Length; axis++)
            {
                int position = rotary.PositionOf(token, axis);
                Positions[(Axes * token) + axis] = position;
                extents[axis] = Math.Max(extents[axis], position + 1);
            }
        }

        List<float> factors = [];
        Span<int> first = stackalloc int[Axes] { 0, rotary.Channels / 2, rotary.Channels / 2 };
        Span<int> offset = stackalloc int[Axes];
        for (int axis = 0; axis < axes.Length; axis++)
        {
            first[axis] = axes[axis].First / 2;
            offset[axis] = factors.Count / 2;
            for (int position = 0; position < extents[axis]; position++)
            {
                for (int channel = axes[axis].First; channel < axes[axis].First + axes[axis].Channels; channel += 2)
                {
                    (float cosine, float sine) = rotary.FactorsOf(axis, position, channel);
                    factors.Add(cosine);
                    factors.Add(sine);
                }
            }
        }

        Factors = [.. factors];
        (SecondFirst, ThirdFirst) = (first[1], first[2]);
        (SecondOffset, ThirdOffset) = (offset[1], offset[2]);
    }

    /// <summary>[tokens, 3]; the first negative for tokens that are not turned.</summary>
    public int[] Positions { get; }

    /// <summary>Pairs of cosine and sine.</summary>
    public float[] Factors { get; }

    /// <summary>First pair of the second axis; half the channels where there is none.</summary>
    public int SecondFirst { get; }

    /// <summary>First pair of the third axis; half the channels where there is none.</summary>
    public int ThirdFirst { get; }

    /// <summary>Where the factors of the second axis begin, in pairs.</summary>
    public int SecondOffset { get; }

    /// <summary>Where the factors of the third axis begin, in pairs.</summary>
    public int ThirdOffset { get; }
}
