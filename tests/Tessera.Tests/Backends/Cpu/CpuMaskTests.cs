using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Backends.Reference;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Backends.Cpu;

public sealed class CpuMaskTests
{
    private readonly record struct Causal : IMaskMod
    {
        public bool Allows(TokenPair pair) => pair.Key <= pair.Query && (pair.Head == 0 || pair.Key % 3 != 1);
    }

    private readonly record struct Distance(float Slope) : IScoreMod
    {
        public float Apply(float score, TokenPair pair) => pair.Key % 7 == 3 ? float.NegativeInfinity : score - (Slope * Math.Abs(pair.Query - pair.Key));
    }

    private readonly record struct Poison : IScoreMod
    {
        public float Apply(float score, TokenPair pair) => pair is { Query: 3, Key: 5 } ? float.NaN : score;
    }

    public static TheoryData<string> Recipes => [KnownRecipes.Float32.Name, KnownRecipes.Int8.Name, KnownRecipes.KeyValue4.Name, KnownRecipes.Float8.Name];

    [Theory]
    [MemberData(nameof(Recipes))]
    public void PartialBlocksAskThePredicate(string recipe)
    {
        BlockMaskBuilder builder = new(2, 200, 200, new BlockSize(32, 64));
        for (int head = 0; head < 2; head++)
        {
            for (int row = 0; row < builder.QueryBlocks; row++)
            {
                for (int column = 0; column < builder.KeyBlocks; column++)
                {
                    int lastQuery = (row * 32) + 31;
                    bool full = head == 0 && (column * 64) + 63 <= row * 32;
                    builder[head, row, column] = full ? BlockCoverage.Full : column * 64 > lastQuery ? BlockCoverage.Empty : BlockCoverage.Partial;
                }
            }
        }

        AttentionPlan plan = CpuTestCase.Dense(new AttentionShape(2, 2, 200, 200, 64), KnownRecipes.Parse(recipe)) with { Mask = builder.Build(MaskPredicate.Of(new Causal())) };
        CpuRecipeTests.RequireRecipe(plan);
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void ScoreFunctorsSeeTrueScores(string recipe)
    {
        TokenOrder order = TokenOrder.ForAxisOrder(new TokenGrid(4, 5, 9), AxisOrder.Parse("WFH")).PaddedTo(64);
        AttentionPlan plan = CpuTestCase.Dense(new AttentionShape(1, 2, 180, 180, 64), KnownRecipes.Parse(recipe)) with
        {
            Orders = [order],
            Mask = BlockMask.Dense(order.Slots, order.Slots, BlockSize.Default),
            ScoreModifier = ScoreModifier.Of(new Distance(0.05f)),
        };
        CpuRecipeTests.RequireRecipe(plan);
    }

    [Fact]
    public void FunctorsThatAnswerNaNAreNamed()
    {
        AttentionPlan plan = CpuTestCase.Dense(new AttentionShape(1, 1, 64, 64, 16)) with { ScoreModifier = ScoreModifier.Of(new Poison()) };
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => CpuTestCase.Of(plan).Run(CpuOptions.Default));
        Assert.Contains("query 3 and key 5", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void WholeRowNormalisationScalesByTheKeptShare(string recipe)
    {
        AttentionPlan plan = CpuTestCase.Dense(new AttentionShape(1, 2, 260, 260, 64), KnownRecipes.Parse(recipe)) with
        {
            Mask = CpuTestCase.RandomMask(260, 260, BlockSize.Default, 0.4, 2, emptyRow: true),
            Normalization = SoftmaxNormalization.WholeRow,
        };
        CpuRecipeTests.RequireRecipe(plan);
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void NegligibleTilesAreSkippedAsInDouble(string recipe)
    {
        AttentionPlan plan = CpuTestCase.Dense(new AttentionShape(1, 2, 400, 400, 64), KnownRecipes.Parse(recipe)) with { ProbabilitySkipThreshold = 3, Scale = 1 };
        CpuTestCase test = CpuTestCase.Of(plan);
        long wanted = test.Reference().ProbabilityTilesSkipped;
        Assert.NotEqual(0, wanted);
        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            Assert.Equal(wanted, test.Run(options).Statistics.ProbabilityTilesSkipped);
        }

        CpuRecipeTests.RequireRecipe(plan);
    }

    [Fact]
    public void RowsWithoutKeysAreZero()
    {
        AttentionShape shape = new(1, 1, 130, 130, 64);
        BlockMaskBuilder builder = new(1, 130, 130, BlockSize.Default);
        builder.Keep(0, 1, 2);
        foreach (string recipe in (string[])["none", "int8", "k4v4", "fp8"])
        {
            CpuTestCase test = CpuTestCase.Of(CpuTestCase.Dense(shape, KnownRecipes.Parse(recipe)) with { Mask = builder.Build() });
            foreach (CpuOptions options in CpuTestCase.AllOptions())
            {
                (float[] output, float[] logSumExp, _) = test.Run(options);
                NumericAssert.AllFinite(output);
                for (int row = 0; row < 130; row++)
                {
                    bool empty = row is < 64 or >= 128;
                    Assert.Equal(empty, float.IsNegativeInfinity(logSumExp[row]));
                    Assert.Equal(empty, output.AsSpan(row * 64, 64).IndexOfAnyExcept(0f) < 0);
                }
            }
        }
    }

    [Fact]
    public void WildlySpreadScoresStayFinite()
    {
        CpuTestCase test = CpuTestCase.Of(CpuTestCase.Dense(new AttentionShape(1, 1, 128, 256, 64)) with { Scale = 40 });
        ReferenceResult exact = test.Reference();
        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            (float[] output, _, _) = test.Run(options);
            for (int i = 0; i < output.Length; i++)
            {
                Assert.InRange(output[i], exact.Output[i] - 0.02, exact.Output[i] + 0.02);
            }
        }
    }
}
