namespace Tessera.Neural.Layers;

/// <summary>
/// The sinusoidal embedding of a number: <c>[cos(a_0), ..., cos(a_h-1), sin(a_0), ..., sin(a_h-1)]</c> with <c>a_i = t 10000^(-i/h)</c> and
/// h half the width, cosines first (Ho, Jain and Abbeel, arXiv 2006.11239, after Vaswani et al., arXiv 1706.03762).
/// </summary>
/// <remarks>Angles reach 1000 and are made in binary64: in binary32 they would lose 4e-5. There is nothing to train.</remarks>
public static class SinusoidalEmbedding
{
    private const double Theta = 10000;

    /// <summary>Embeds a number.</summary>
    /// <param name="value">t.</param>
    /// <param name="output">Receives as many numbers as it holds; an even count.</param>
    /// <exception cref="ArgumentException">The width is odd.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The number is not finite.</exception>
    public static void Forward(double value, Span<float> output)
    {
        if (output.Length % 2 != 0)
        {
            throw new ArgumentException($"The embedding has {output.Length} numbers; wanted an even count.", nameof(output));
        }

        if (!double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, "Wanted a finite number.");
        }

        int half = output.Length / 2;
        for (int i = 0; i < half; i++)
        {
            (double sine, double cosine) = Math.SinCos(value * Math.Pow(Theta, -(double)i / half));
            output[i] = (float)cosine;
            output[half + i] = (float)sine;
        }
    }
}
