using Tessera.Fidelity;
using Xunit;

namespace Tessera.TestKit;

/// <summary>
/// Error budgets that follow from the data: the error of a fast path against double precision may be at most twice the error of a plain
/// low-precision computation of the same thing plus one rounding band. No tolerance is chosen by hand.
/// </summary>
public static class NumericAssert
{
    /// <summary>Unit roundoff of binary32.</summary>
    public const double FloatRoundoff = 1.0 / (1 << 24);

    /// <summary>Checks the largest absolute error of <paramref name="actual"/> against the budget.</summary>
    /// <param name="exact">Double-precision truth.</param>
    /// <param name="lowPrecision">A plain computation at the precision (or with the quantisation) that the fast path claims.</param>
    /// <param name="actual">The fast path's result.</param>
    /// <param name="band">Rounding band relative to the largest magnitude of the truth; a few roundoffs of the output format.</param>
    public static void WithinBudget(ReadOnlySpan<double> exact, ReadOnlySpan<float> lowPrecision, ReadOnlySpan<float> actual, double band = 4 * FloatRoundoff)
    {
        Assert.Equal(exact.Length, actual.Length);
        Assert.Equal(exact.Length, lowPrecision.Length);
        double largest = 0;
        double plain = 0;
        double error = 0;
        int worst = -1;
        for (int i = 0; i < exact.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(exact[i]));
            plain = Math.Max(plain, Math.Abs(lowPrecision[i] - exact[i]));
            double difference = Math.Abs(actual[i] - exact[i]);
            if (!(difference <= error))
            {
                error = difference;
                worst = i;
            }
        }

        double budget = 2 * (plain + (band * largest));
        Assert.True(error <= budget, $"element {worst}: error {error:g4} exceeds the budget {budget:g4} = 2 * (plain {plain:g4} + band {band * largest:g4}); exact {(worst < 0 ? 0 : exact[worst])}, got {(worst < 0 ? 0 : actual[worst])}");
    }

    /// <summary>
    /// For quantised paths. Codes and scales of Q, K and V are equal by definition, so a fast path may differ from the recipe in double precision by
    /// binary32 accumulation (the band) and by the few codes of P that lie on a rounding edge or meet another running maximum: a tenth of what
    /// the recipe itself costs.
    /// </summary>
    public static void WithinRecipeBudget(ReadOnlySpan<double> exact, ReadOnlySpan<float> recipe, ReadOnlySpan<float> actual, double band = 160 * FloatRoundoff)
    {
        double plain = AttentionError.Compare(exact, recipe).RelativeL2;
        double apart = AttentionError.Compare(recipe, actual).RelativeL2;
        Assert.True(apart <= (plain / 10) + band, $"relative L2 {apart:g4} from the recipe in double, which itself is {plain:g4} from the truth");
    }

    public static void AllFinite(ReadOnlySpan<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            Assert.True(float.IsFinite(values[i]), $"element {i} is {values[i]}");
        }
    }

    public static void BitwiseEqual(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(BitConverter.SingleToInt32Bits(expected[i]) == BitConverter.SingleToInt32Bits(actual[i]), $"element {i}: {expected[i]:g9} and {actual[i]:g9}");
        }
    }
}
