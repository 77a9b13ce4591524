using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;
using Tessera.Serialization.Plans;
using Xunit;

namespace Tessera.Tests.Serialization;

/// <summary>A functor that went through its record names itself, allows pairs and classifies rectangles as before.</summary>
public sealed class FunctorCodecTests
{
    private static readonly TokenGrid Grid = new(3, 4, 5, 7, TextPlacement.Front);
    private static readonly AttentionShape Shape = new(1, 2, Grid.Tokens, Grid.Tokens, 8);

    private static readonly MaskPredicate[] Masks =
    [
        MaskPredicate.Of(default(Everything)),
        MaskPredicate.Of(new Causal(-3)),
        MaskPredicate.Of(new SlidingWindow(9)),
        MaskPredicate.Of(new Dilated(12, 3)),
        MaskPredicate.Of(new PrefixLm(11)),
        MaskPredicate.Of(Document.OfLengths(10, 1, 30, Grid.Tokens - 41)),
        MaskPredicate.Of(new SpatialBand(Grid, 1)),
        MaskPredicate.Of(new TemporalBand(Grid, 1, 2)),
        MaskPredicate.Of(new Natten3D(Grid, 1, 0, 2)),
        MaskPredicate.Of(new TiledNatten3D(Grid, new TileShape(2, 2, 3), 1, 1, 1)),
        MaskPredicate.Of(new SlidingTile3D(Grid, new TileShape(1, 2, 2), new TileWindow(2, 1, 2))),
        MaskPredicate.Of(new And<Causal, SlidingWindow>(new Causal(), new SlidingWindow(15))),
        MaskPredicate.Of(new Or<SpatialBand, TemporalBand>(new SpatialBand(Grid, 0), new TemporalBand(Grid, 0, 0))),
        MaskPredicate.Of(new Not<And<Causal, Not<SlidingWindow>>>(new Not<And<Causal, Not<SlidingWindow>>>(new And<Causal, Not<SlidingWindow>>(new Causal(), new Not<SlidingWindow>(new SlidingWindow(4)))).Mod)),
    ];

    private static readonly ScoreModifier[] Scores =
    [
        ScoreModifier.Of(default(Unchanged)),
        ScoreModifier.Of(new Alibi(6)),
        ScoreModifier.Of(new SoftCap(0.7f)),
        ScoreModifier.Of(new RelativePositionBias(0.1f, -2f, 3f, 4f, 5f)),
    ];

    public static TheoryData<int> MaskIndices => [.. Enumerable.Range(0, Masks.Length)];

    public static TheoryData<int> ScoreIndices => [.. Enumerable.Range(0, Scores.Length)];

    [Theory]
    [MemberData(nameof(MaskIndices))]
    public void Mask_functors_survive(int index)
    {
        MaskPredicate before = Masks[index];
        FunctorRecord record = FunctorCodec.Encode(before.Mod);
        MaskPredicate after = FunctorCodec.DecodeMask(record, Shape);
        Assert.Equal(before.ToString(), after.ToString());
        int seen = 0;
        for (int query = 0; query < Grid.Tokens; query++)
        {
            for (int key = 0; key < Grid.Tokens; key++)
            {
                TokenPair pair = new(0, 1, query, key);
                Assert.Equal(before.Allows(pair), after.Allows(pair));
                seen += before.Allows(pair) ? 1 : 0;
            }
        }

        Assert.InRange(seen, 1, Grid.Tokens * Grid.Tokens);
        Random random = new(index);
        for (int i = 0; i < 300; i++)
        {
            (int queryStart, int keyStart) = (random.Next(Grid.Tokens), random.Next(Grid.Tokens));
            (int queries, int keys) = (1 + random.Next(Grid.Tokens - queryStart), 1 + random.Next(Grid.Tokens - keyStart));
            Assert.Equal(before.Classify(0, queryStart, queries, keyStart, keys), after.Classify(0, queryStart, queries, keyStart, keys));
        }

        // What was read can be written again, compositions included.
        Assert.Equal(after.ToString(), FunctorCodec.DecodeMask(FunctorCodec.Encode(after.Mod), Shape).ToString());
    }

    [Theory]
    [MemberData(nameof(ScoreIndices))]
    public void Score_functors_survive(int index)
    {
        ScoreModifier after = FunctorCodec.DecodeScore(FunctorCodec.Encode(Scores[index].Mod));
        Assert.Equal(Scores[index].ToString(), after.ToString());
        for (int key = 0; key < 12; key++)
        {
            TokenPair pair = new(0, 1, 5, key);
            Assert.Equal(Scores[index].Apply(1.25f, pair), after.Apply(1.25f, pair));
        }
    }

    [Fact]
    public void Nesting_without_end_is_refused()
    {
        FunctorRecord record = new("everything");
        for (int i = 0; i < 40; i++)
        {
            record = new FunctorRecord("not", First: record);
        }

        Assert.Throws<FormatException>(() => FunctorCodec.DecodeMask(record, Shape));
    }
}
