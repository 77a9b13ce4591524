using Tessera.Serialization;
using Xunit;

namespace Tessera.TestKit;

/// <summary>Comparison with recorded outputs of reference code.</summary>
public static class Golden
{
    /// <summary>Largest absolute difference of numbers that must be as many.</summary>
    public static double LargestDifference(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double largest = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = Math.Abs((double)expected[i] - actual[i]);
            largest = difference <= largest ? largest : difference;
        }

        return largest;
    }

    /// <summary>Fails when any number is further from the recorded one than the tolerance that the recording states.</summary>
    public static void Close(StoredTensor expected, ReadOnlySpan<float> actual, double tolerance)
    {
        double largest = LargestDifference(expected.ReadSingle(), actual);
        Assert.True(largest <= tolerance, $"{expected}: differs by {largest:g3}, at most {tolerance:g3} is allowed");
    }
}
