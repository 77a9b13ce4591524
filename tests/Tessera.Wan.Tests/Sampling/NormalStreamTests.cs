using Tessera.Wan.Sampling;
using Xunit;

namespace Tessera.Wan.Tests.Sampling;

public sealed class NormalStreamTests
{
    [Fact]
    public void Numbers_are_normal_and_any_part_of_a_stream_can_be_made_again()
    {
        NormalStream stream = new(7, "name");
        float[] values = new float[1_000_001];
        stream.Fill(0, values);
        double mean = values.Average(static value => (double)value);
        double variance = values.Average(static value => (double)value * value);
        double fourth = values.Average(static value => Math.Pow(value, 4));

        // Five standard errors of a million normal numbers.
        Assert.Equal(0, mean, 5e-3);
        Assert.Equal(1, variance, 7.1e-3);
        Assert.Equal(3, fourth, 5e-2);
        Assert.Equal(0.841345, values.Count(static value => value < 1) / 1_000_001.0, 2e-3);
        float[] part = new float[100];
        stream.Fill(4000, part);
        Assert.Equal(values[4000..4100], part);
        new NormalStream(7, "other").Fill(4000, part);
        Assert.NotEqual(values[4000..4100], part);
    }
}
