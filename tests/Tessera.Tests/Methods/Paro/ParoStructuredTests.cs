using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Layout;
using Tessera.Methods;
using Tessera.Methods.Paro;
using Tessera.Methods.Sparge;
using Tessera.Synthesis;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Methods.Paro;

/// <summary>PARO and Sparge on structured heads through the fast reader and the fast backend.</summary>
public class ParoStructuredTests
{
    [WideVectorFact]
    public void Chosen_orders_keep_at_least_the_mass_of_every_single_order_on_rows_of_an_oracle()
    {
        const int Sampled = 96;
        StructuredHeads heads = StructuredHeads.Create(new TokenGrid(7, 15, 22, 226, TextPlacement.Front), 8, 64, 42);
        ParoOptions options = new() { Density = 0.2, DensityCount = DensityCount.VideoOnly, Scope = ParoThresholdScope.PerHead };
        ParoCalibration[] results =
        [
            Calibrate(heads, options),
            .. AxisOrder.All.Select(order => Calibrate(heads, options with { Candidates = ParoCandidateSet.None, FurtherOrders = [TokenOrder.ForAxisOrder(heads.Grid, order)] })),
        ];
        for (int head = 0; head < 8; head++)
        {
            // Text rows are kept whole; the sampled rows are video.
            double[] reported = [.. results.Select(result => ((result.Report.Heads[head].KeptMass * heads.Grid.Tokens) - heads.Grid.TextTokens) / heads.Grid.VideoTokens)];
            double[] kept = new double[results.Length];
            for (int sample = 0; sample < Sampled; sample++)
            {
                int query = heads.Grid.VideoStart + (sample * heads.Grid.VideoTokens / Sampled);
                double[] row = Probabilities(heads, head, query);
                for (int plan = 0; plan < results.Length; plan++)
                {
                    kept[plan] += Kept(results[plan].Plans[0], head, query, row) / Sampled;
                }
            }

            string figures = $"{heads.Patterns[head]}: chosen {results[0].Report.Heads[head]}; reported {Show(reported)}, sampled {Show(kept)}";
            Assert.True(reported[0] >= reported.Max(), figures);

            // The reports count every row; 96 rows of double precision see the same masses up to their sampling error.
            double deviation = 3 * 0.5 / Math.Sqrt(Sampled);
            Assert.All(Enumerable.Range(0, kept.Length), plan => Assert.True(Math.Abs(kept[plan] - reported[plan]) < deviation, figures));
            Assert.True(kept[0] >= kept.Max() - 0.02, figures);
            Assert.True(kept[0] > (heads.Patterns[head].Kind == HeadKind.Diffuse ? 0.2 : 0.6), $"{heads.Patterns[head]} keeps {kept[0]}");
        }
    }

    [WideVectorFact]
    public void Video_size_heads_get_the_axes_they_spread_over_innermost()
    {
        // 17,776 tokens: the log-sum-exp pass alone is 8 x 40 GFLOP.
        StructuredHeads heads = StructuredHeads.Create(new TokenGrid(13, 30, 45, 226, TextPlacement.Front), 8, 64, 42);
        ParoCalibrator calibrator = new(new PlanningContext(heads.Grid), heads.Shape, CpuMapReader.Shared, new ParoOptions { Density = 0.2, QueryBlockStride = 40 });
        calibrator.Add(heads.Inputs);
        IReadOnlyList<TokenOrder> orders = calibrator.ChooseOrders();
        for (int head = 0; head < 8; head++)
        {
            string order = orders[head].Name;
            bool expected = heads.Patterns[head].Kind switch
            {
                HeadKind.Spatial => order[0] == 'F',
                HeadKind.Temporal => order[2] == 'F',
                HeadKind.SpreadHeight => order[2] == 'H',
                HeadKind.SpreadWidth => order[2] == 'W',
                _ => true,
            };
            Assert.True(expected, $"{heads.Patterns[head]} got {order}");
        }
    }

    [Theory]
    [InlineData("paro")]
    [InlineData("sparge")]
    public void The_fast_backend_runs_the_plans_within_the_budget(string name)
    {
        StructuredHeads heads = StructuredHeads.Create(new TokenGrid(5, 9, 10, 226, TextPlacement.Front), 3, 32, 8);
        PlanningContext context = new(heads.Grid);
        IAttentionMethod method = name == "paro"
            ? new ParoMethod(CpuMapReader.Shared, new ParoOptions { Density = 0.4 })
            : new SpargeMethod(new SpargeOptions { TopK = 0.4 });
        AttentionPlan plan = method.Plan(heads.Inputs, context);
        Assert.InRange(plan.Mask.Density, 0.2, 0.6);
        float[] output = new float[heads.Query.Length];
        using IAttentionKernel kernel = CpuBackend.Shared.Compile(plan);
        AttentionStatistics statistics = kernel.Run(heads.Inputs, new System.Numerics.Tensors.TensorSpan<float>(output, [1, 3, heads.Grid.Tokens, 32]));
        Assert.Equal(plan.Mask.Density, statistics.Density, 1e-12);

        double[] exact = new double[output.Length];
        float[] plain = new float[output.Length];
        for (int row = 0; row < 3 * heads.Grid.Tokens; row++)
        {
            RowOracle.Row<double>(plan, heads.Inputs, 0, row / heads.Grid.Tokens, row % heads.Grid.Tokens, exact.AsSpan(row * 32, 32));
            RowOracle.Row<float>(plan, heads.Inputs, 0, row / heads.Grid.Tokens, row % heads.Grid.Tokens, plain.AsSpan(row * 32, 32));
        }

        NumericAssert.WithinBudget(exact, plain, output);
    }

    private static ParoCalibration Calibrate(StructuredHeads heads, ParoOptions options) =>
        new ParoMethod(CpuMapReader.Shared, options).Calibrate(heads.Inputs, new PlanningContext(heads.Grid));

    private static string Show(double[] masses) => string.Join(' ', masses.Select(mass => mass.ToString("0.0000", System.Globalization.CultureInfo.InvariantCulture)));

    private static double[] Probabilities(StructuredHeads heads, int head, int query)
    {
        int dim = heads.Shape.HeadDim;
        ReadOnlySpan<float> q = heads.Query.AsSpan(((head * heads.Grid.Tokens) + query) * dim, dim);
        double[] row = new double[heads.Grid.Tokens];
        for (int key = 0; key < row.Length; key++)
        {
            ReadOnlySpan<float> k = heads.Key.AsSpan(((head * heads.Grid.Tokens) + key) * dim, dim);
            for (int d = 0; d < dim; d++)
            {
                row[key] += (double)q[d] * k[d] / Math.Sqrt(dim);
            }
        }

        double largest = row.Max();
        double sum = row.Sum(score => Math.Exp(score - largest));
        return [.. row.Select(score => Math.Exp(score - largest) / sum)];
    }

    private static double Kept(AttentionPlan plan, int head, int query, double[] row)
    {
        TokenOrder order = plan.OrderOf(head)!;
        double kept = 0;
        foreach (int block in plan.Mask.FullKeyBlocks(head, order.SlotOf(query) / plan.Mask.Size.Query))
        {
            for (int slot = block * plan.Mask.Size.Key; slot < Math.Min(order.Slots, (block + 1) * plan.Mask.Size.Key); slot++)
            {
                kept += order.TokenAt(slot) >= 0 ? row[order.TokenAt(slot)] : 0;
            }
        }

        return kept;
    }
}
