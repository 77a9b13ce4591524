using Tessera.Cli.Plans;
using Xunit;

namespace Tessera.Cli.Tests;

public sealed class PlanDocumentTests
{
    [Theory]
    [InlineData(new int[0], "")]
    [InlineData(new[] { 5 }, "5")]
    [InlineData(new[] { 0, 1, 2, 3 }, "0-3")]
    [InlineData(new[] { 0, 2, 3, 9 }, "0,2-3,9")]
    public void BlocksAreWrittenAsRanges(int[] blocks, string text)
    {
        Assert.Equal(text, BlockRanges.Format(blocks));
        Assert.Equal(blocks, BlockRanges.Parse(text, 10).SelectMany(static range => Enumerable.Range(range.First, range.Last - range.First + 1)));
    }

    [Theory]
    [InlineData("3-1")]
    [InlineData("9-10")]
    [InlineData("x")]
    [InlineData("1-2-3")]
    [InlineData("-1")]
    public void WrongRangesAreRefused(string text) => Assert.Contains($"'{text}'", Assert.Throws<FormatException>(() => BlockRanges.Parse(text, 10).ToArray()).Message, StringComparison.Ordinal);
}
