using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Backends.Reference;
using Tessera.Fidelity;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Methods;
using Tessera.Quantization;
using Tessera.Synthesis;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Backends.Cpu;

/// <summary>Every method, planned as a user would plan it, with every recipe, on grids that divide nothing: the CPU backend against the reference.</summary>
public sealed class MethodAgreementTests
{
    private static readonly string[] Grids = ["1x1x1", "1x7x9", "1x5x13", "5x9x10", "3x5x7+19@front", "4x6x5+9@back"];

    private static readonly string[] Recipes = ["none", "int8", "int8-narrow", "k4v4", "int4", "fp8", "sage", "sage2", "sage-int8v", "paro-released"];

    /// <summary>Each method meets each recipe once, and each grid with two head dimensions.</summary>
    public static TheoryData<string, string, string, int> Cases()
    {
        TheoryData<string, string, string, int> cases = [];
        int turn = 0;
        foreach (string method in KnownMethods.Names)
        {
            foreach (string recipe in Recipes)
            {
                cases.Add(method, recipe, Grids[turn % Grids.Length], new[] { 64, 128, 16, 40, 256, 80 }[turn++ % 6]);
            }

            foreach (string grid in Grids)
            {
                cases.Add(method, "none", grid, 64);
                cases.Add(method, "int8", grid, 128);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Cpu_agrees_with_the_reference(string methodName, string recipe, string gridText, int headDim)
    {
        TokenGrid grid = TokenGrid.Parse(gridText);
        StructuredHeads heads = StructuredHeads.Create(grid, 2, headDim, seed: 7);
        IAttentionMethod method = KnownMethods.Create(methodName, density: methodName is "dense" or "sage" ? null : 0.4, reader: CpuMapReader.Shared);
        AttentionPlan plan = method.Plan(heads.Inputs, new PlanningContext(grid) { Recipe = KnownRecipes.Parse(recipe), BlockSize = new BlockSize(16, 16) });

        AssertAgreement(plan, heads.Inputs);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("int8")]
    [InlineData("k4v4")]
    public void Sampled_rows_of_a_full_size_clip_agree_with_double_precision(string recipe)
    {
        TokenGrid grid = TokenGrid.Parse("13x30x45+226@front");
        StructuredHeads heads = StructuredHeads.Create(grid, 2, 64, seed: 3);
        BlockMaskBuilder builder = new(2, grid.Tokens, grid.Tokens, BlockSize.Default);
        Random random = new(5);
        for (int head = 0; head < 2; head++)
        {
            for (int row = 0; row < builder.QueryBlocks; row++)
            {
                // Head 1 keeps a single block in every second row.
                builder.Keep(head, row, row);
                for (int kept = 0; kept < (head == 0 ? 12 : row % 2 * 6); kept++)
                {
                    builder.Keep(head, row, random.Next(builder.KeyBlocks));
                }
            }
        }

        AttentionPlan plan = new()
        {
            Name = "sampled",
            Shape = heads.Shape,
            Grid = grid,
            Orders = [TokenOrder.ForAxisOrder(grid, AxisOrder.Parse("HWF")), TokenOrder.ForAxisOrder(grid, AxisOrder.Parse("WFH"))],
            Mask = builder.Build(),
            Recipe = KnownRecipes.Parse(recipe),
        };
        float[] actual = Run(CpuBackend.Shared, plan, heads.Inputs);

        double[] exact = new double[64];
        float[] plain = new float[64];
        double error = 0;
        double plainError = 0;
        double norm = 0;
        for (int sample = 0; sample < 24; sample++)
        {
            int head = sample % 2;
            int query = random.Next(grid.Tokens);
            _ = RowOracle.Row(plan, heads.Inputs, 0, head, query, exact.AsSpan());
            _ = RowOracle.Row(plan, heads.Inputs, 0, head, query, plain.AsSpan());
            for (int d = 0; d < 64; d++)
            {
                error += Math.Pow(actual[(((head * grid.Tokens) + query) * 64) + d] - exact[d], 2);
                plainError += Math.Pow(plain[d] - exact[d], 2);
                norm += exact[d] * exact[d];
            }
        }

        // The recipe in double precision is too slow for this size, so its error is taken from a small clip of the same kind.
        double relative = Math.Sqrt(error / norm);
        double budget = 2 * ((recipe == "none" ? Math.Sqrt(plainError / norm) : ErrorOnSmallClip(plan.Recipe)) + (4 * NumericAssert.FloatRoundoff));
        Assert.InRange(relative, 0, budget);
    }

    private static double ErrorOnSmallClip(QuantizationRecipe recipe)
    {
        StructuredHeads heads = StructuredHeads.Create(TokenGrid.Parse("4x9x10+24@front"), 2, 64, seed: 3);
        AttentionPlan plan = AttentionPlan.Dense(heads.Shape) with { Recipe = recipe };
        return AttentionError.Compare(ReferenceAttention.Dense(heads.Inputs).Output, ReferenceAttention.Compute(plan, heads.Inputs).Output).RelativeL2;
    }

    private static void AssertAgreement(AttentionPlan plan, in AttentionInputs inputs)
    {
        float[] actual = Run(CpuBackend.Shared, plan, inputs);
        double[] exact = ReferenceAttention.Compute(plan with { Recipe = KnownRecipes.Float32 }, inputs).Output;
        if (plan.Recipe.IsExact)
        {
            NumericAssert.WithinBudget(exact, RowOracle.All<float>(plan, inputs), actual);
        }
        else
        {
            NumericAssert.WithinRecipeBudget(exact, Run(ReferenceBackend.Shared, plan, inputs), actual);
        }
    }

    private static float[] Run(IAttentionBackend backend, AttentionPlan plan, in AttentionInputs inputs)
    {
        AttentionShape shape = plan.Shape;
        float[] output = new float[shape.Batch * shape.Heads * shape.QueryLength * shape.HeadDim];
        using IAttentionKernel kernel = backend.Compile(plan);
        _ = kernel.Run(inputs, new System.Numerics.Tensors.TensorSpan<float>(output, [shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDim]));
        return output;
    }
}
