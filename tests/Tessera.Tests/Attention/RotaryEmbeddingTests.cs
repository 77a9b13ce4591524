using System.Numerics;
using Tessera.Attention;
using Tessera.Layout;
using Tessera.Serialization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Attention;

public sealed class RotaryEmbeddingTests
{
    [Fact]
    public void ChannelsAreDividedAsInWan()
    {
        TokenGrid grid = new(21, 30, 52);
        RotaryEmbedding rotary = RotaryEmbedding.ForGrid(grid, 128);
        int token = grid.IndexOf(5, 17, 40);
        Assert.Equal(5, rotary.Angle(token, 0));
        Assert.Equal(5 * Math.Pow(10000, -2.0 * 21 / 44), rotary.Angle(token, 21), 12);
        Assert.Equal(17, rotary.Angle(token, 22));
        Assert.Equal(17 * Math.Pow(10000, -2.0 * 20 / 42), rotary.Angle(token, 42), 12);
        Assert.Equal(40, rotary.Angle(token, 43));
        Assert.Equal(40 * Math.Pow(10000, -2.0 * 20 / 42), rotary.Angle(token, 63), 12);
    }

    [Fact]
    public void Tokens_in_another_order_keep_their_angles()
    {
        TokenGrid grid = new(3, 4, 5, 6, TextPlacement.Back);
        RotaryEmbedding natural = RotaryEmbedding.ForGrid(grid, 32, 300);
        TokenOrder order = TokenOrder.ForAxisOrder(grid, AxisOrder.Parse("WFH"));
        RotaryEmbedding moved = natural.InOrder(order);
        for (int row = 0; row < grid.Tokens; row++)
        {
            for (int pair = 0; pair < 16; pair++)
            {
                Assert.Equal(natural.Angle(order.TokenAt(row), pair), moved.Angle(row, pair));
            }
        }

        Assert.Throws<ArgumentException>(() => natural.InOrder(order.PaddedTo(64)));
        Assert.Throws<ArgumentException>(() => natural.InOrder(TokenOrder.Identity(3)));
    }

    [Theory]
    [InlineData(128)]
    [InlineData(64)]
    [InlineData(16)]
    [InlineData(4)]
    [InlineData(2)]
    public void RowsTurnAsComplexNumbers(int channels)
    {
        TokenGrid grid = new(3, 4, 5, 6, TextPlacement.Front);
        RotaryEmbedding rotary = RotaryEmbedding.ForGrid(grid, channels);
        float[] row = new float[channels];
        SeededInputs.FillNormal(new Random(1), row);
        float[] turned = new float[channels];
        for (int token = 0; token < grid.Tokens; token++)
        {
            rotary.Rotate(token, row, turned);
            for (int pair = 0; pair < channels / 2; pair++)
            {
                Complex wanted = new Complex(row[2 * pair], row[(2 * pair) + 1]) * Complex.FromPolarCoordinates(1, rotary.Angle(token, pair));
                double band = 4 * NumericAssert.FloatRoundoff * wanted.Magnitude;
                Assert.InRange(turned[2 * pair], wanted.Real - band, wanted.Real + band);
                Assert.InRange(turned[(2 * pair) + 1], wanted.Imaginary - band, wanted.Imaginary + band);
            }

            float[] inPlace = [.. row];
            rotary.Rotate(token, inPlace, inPlace);
            Assert.Equal(turned, inPlace);
        }
    }

    [Fact]
    public void TextIsNotTurned()
    {
        TokenGrid grid = new(2, 2, 2, 3, TextPlacement.Back);
        RotaryEmbedding rotary = RotaryEmbedding.ForGrid(grid, 12);
        float[] row = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        float[] turned = new float[12];
        rotary.Rotate(9, row, turned);
        Assert.Equal(row, turned);
        Assert.Equal(0, rotary.Angle(9, 5));
    }

    [Fact]
    public void ScoresDependOnDistancesOnly()
    {
        RotaryEmbedding rotary = RotaryEmbedding.ForSequence(50, 32);
        float[] query = new float[32];
        float[] key = new float[32];
        SeededInputs.FillNormal(new Random(2), query);
        SeededInputs.FillNormal(new Random(3), key);
        Assert.Equal(Score(3, 10), Score(33, 40), 5);
        Assert.NotEqual(Score(3, 10), Score(10, 3), 2);

        double Score(int first, int second)
        {
            float[] a = new float[32];
            float[] b = new float[32];
            rotary.Rotate(first, query, a);
            rotary.Rotate(second, key, b);
            return a.Zip(b, static (x, y) => (double)x * y).Sum();
        }
    }

    [DataFact("wan/dit_tiny/io.safetensors", isFixture: true)]
    public void RowsEqualThoseOfWan()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(TestRoots.Fixtures, "wan", "dit_tiny", "io.safetensors"));
        RotaryEmbedding rotary = RotaryEmbedding.ForGrid(new TokenGrid(3, 4, 5), 16);
        float[] rows = file.ReadSingle("mid.block0.self_attn.q_normed");
        float[] wanted = file.ReadSingle("mid.block0.self_attn.q_rope");
        float[] turned = new float[16];
        for (int token = 0; token < 60; token++)
        {
            for (int head = 0; head < 6; head++)
            {
                int first = ((token * 6) + head) * 16;
                rotary.Rotate(token, rows.AsSpan(first, 16), turned);
                for (int channel = 0; channel < 16; channel++)
                {
                    Assert.Equal(wanted[first + channel], turned[channel], 1e-6f);
                }
            }
        }
    }

    [Fact]
    public void WhatDoesNotFitIsRefused()
    {
        Assert.Throws<ArgumentException>(() => RotaryEmbedding.ForSequence(4, 7));
        Assert.Throws<ArgumentException>(() => RotaryEmbedding.ForGrid(new TokenGrid(2, 2, 2), 15));
        Assert.Throws<ArgumentOutOfRangeException>(() => RotaryEmbedding.ForSequence(4, 8).Angle(4, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => RotaryEmbedding.ForSequence(4, 8).Angle(0, 4));
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(1, 1, 8, 8, 16));
        Assert.Contains(
            "turns 9 tokens of 16 channels, query is [1, 1, 8, 16]",
            Assert.Throws<ArgumentException>(() => { _ = inputs.Inputs with { Rotary = RotaryEmbedding.ForSequence(9, 16) }; }).Message,
            StringComparison.Ordinal);
    }
}
