using Tessera.Fidelity;
using Xunit;

namespace Tessera.Tests.Fidelity;

public class AttentionErrorSumsTests
{
    [Fact]
    public void Pieces_give_the_figures_of_the_whole()
    {
        Random random = new(3);
        float[] reference = [.. Enumerable.Range(0, 100).Select(_ => random.NextSingle() - 0.5f)];
        float[] actual = [.. reference.Select(value => value + (0.1f * random.NextSingle()))];
        AttentionErrorSums first = default;
        AttentionErrorSums second = default;
        first.Add(reference.AsSpan(0, 30), actual.AsSpan(0, 30));
        second.Add(reference.AsSpan(30), actual.AsSpan(30));
        first.Add(second);
        Assert.Equal(100, first.Count);
        AttentionError whole = AttentionError.Compare(reference, actual);
        AttentionError pieces = first.Finish();
        Assert.Equal(whole.Cosine, pieces.Cosine, 1e-14);
        Assert.Equal(whole.RelativeL1, pieces.RelativeL1, 1e-14);
        Assert.Equal(whole.RelativeL2, pieces.RelativeL2, 1e-14);
        Assert.Equal(whole.RootMeanSquare, pieces.RootMeanSquare, 1e-14);
        Assert.Equal(whole.Maximum, pieces.Maximum);
    }

    [Fact]
    public void A_nan_sticks_wherever_it_stands()
    {
        foreach (int place in new[] { 0, 1, 2 })
        {
            float[] actual = [1, 2, 3];
            actual[place] = float.NaN;
            AttentionErrorSums sums = default;
            sums.Add([1, 2, 3], actual);
            AttentionErrorSums total = default;
            total.Add(sums);
            Assert.True(double.IsNaN(total.Finish().Maximum));
            Assert.True(double.IsNaN(total.Finish().RelativeL2));
        }
    }

    [Fact]
    public void Nothing_deviates_by_nothing()
    {
        AttentionErrorSums sums = default;
        Assert.Equal(1, sums.Finish().Cosine);
        Assert.Equal(0, sums.Finish().RootMeanSquare);
        Assert.Throws<ArgumentException>(() =>
        {
            AttentionErrorSums wrong = default;
            wrong.Add([1], [1, 2]);
        });
    }
}
