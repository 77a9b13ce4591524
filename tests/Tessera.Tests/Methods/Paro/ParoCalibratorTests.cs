using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Methods;
using Tessera.Methods.Paro;
using Tessera.Synthesis;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Methods.Paro;

public class ParoCalibratorTests
{
    private static readonly TokenGrid Grid = new(4, 5, 6, 11, TextPlacement.Front);
    private static readonly BlockSize Blocks = new(8, 8);
    private static readonly StructuredHeads Heads = StructuredHeads.Create(Grid, 7, 16, 11);

    private static PlanningContext Context => new(Grid) { BlockSize = Blocks };

    [Theory]
    [InlineData(LatticeOrigin.PaddedText)]
    [InlineData(LatticeOrigin.TokenZero)]
    [InlineData(LatticeOrigin.FirstVideoToken)]
    public void Chosen_order_keeps_the_most_mass_by_an_independent_count(LatticeOrigin origin)
    {
        ParoOptions options = new() { Density = 0.3, Scope = ParoThresholdScope.PerHead, Origin = origin, KeepText = false, DenseFallbackDensity = 1 };
        ParoCalibrator calibrator = new(Context, Heads.Shape, new PlainMapReader(), options);
        calibrator.Add(Heads.Inputs);
        ParoCalibration result = calibrator.Build();
        Assert.Equal(6, calibrator.Candidates.Count);
        for (int head = 0; head < 7; head++)
        {
            FullMap map = new(Heads.Inputs, 0, head);
            double[] masses = [.. calibrator.Candidates.Select(order => BestMass(map.BlockSums(order, Blocks), order.Slots, 0.3))];
            ParoHeadReport report = result.Report.Heads[head];
            for (int candidate = 0; candidate < 6; candidate++)
            {
                Assert.Equal(masses[candidate], report.Candidates[candidate].KeptMass, 1e-6);
            }

            int chosen = Enumerable.Range(0, 6).First(candidate => calibrator.Candidates[candidate].Name == report.Order);
            Assert.True(masses[chosen] >= masses.Max() - 1e-6, $"{report}: {string.Join(' ', masses)}");
        }

        Assert.Contains(result.Report.Heads, head => head.Order != "FHW");
    }

    [Fact]
    public void Reported_kept_mass_is_the_mass_of_the_plan_itself()
    {
        ParoCalibration result = Calibrate(new ParoOptions { Density = 0.4 });
        AttentionPlan plan = result.Plans[0];
        plan.Validate();
        for (int head = 0; head < 7; head++)
        {
            FullMap map = new(Heads.Inputs, 0, head);
            double kept = map.KeptPerRow(plan.OrderOf(head)!, plan.Mask, head).Average();
            Assert.Equal(kept, result.Report.Heads[head].KeptMass, 1e-5);
            Assert.Equal(plan.Mask.HeadDensity(head), result.Report.Heads[head].Density, 1e-12);
        }

        Assert.Equal(plan.Mask.Density, result.Report.Density, 1e-12);
        Assert.Equal(plan.Mask.VideoDensity(Grid, plan.OrderOf(0)!), result.Report.VideoDensity, 1e-12);
        Assert.Equal(result.Report.Heads.Min(head => head.KeptMass), result.Report.WorstHead.KeptMass);
    }

    [Theory]
    [InlineData(ParoThresholdScope.Global, DensityCount.WholeMap, 0.5)]
    [InlineData(ParoThresholdScope.Global, DensityCount.VideoOnly, 0.2)]
    [InlineData(ParoThresholdScope.PerHead, DensityCount.WholeMap, 0.5)]
    [InlineData(ParoThresholdScope.PerHead, DensityCount.VideoOnly, 0.35)]
    public void Budgets_are_met_exactly(ParoThresholdScope scope, DensityCount count, double density)
    {
        ParoCalibration result = Calibrate(new ParoOptions { Density = density, Scope = scope, DensityCount = count, DenseFallbackDensity = 1 });
        int blocks = count == DensityCount.WholeMap ? 17 * 17 : 15 * 15;
        if (scope == ParoThresholdScope.Global)
        {
            double reached = count == DensityCount.WholeMap ? result.Report.Density : result.Report.VideoDensity;
            Assert.Equal(Math.Floor((density * 7 * blocks) + 1e-9) / (7 * blocks), reached, 1e-9);
            Assert.True(result.Report.Threshold > 0);
            Assert.True(result.Report.Heads.Select(head => head.Density).Distinct().Count() > 1, "a global tau gives heads densities of their own");
        }
        else
        {
            Assert.All(result.Report.Heads, head =>
                Assert.Equal(Math.Floor((density * blocks) + 1e-9) / blocks, count == DensityCount.WholeMap ? head.Density : head.VideoDensity, 1e-9));
        }
    }

    [Fact]
    public void A_global_threshold_keeps_at_least_the_mass_of_any_split_over_heads()
    {
        ParoOptions options = new() { Density = 0.4, KeepText = false, DenseFallbackDensity = 1 };
        double global = Calibrate(options).Report.KeptMass;
        double perHead = Calibrate(options with { Scope = ParoThresholdScope.PerHead }).Report.KeptMass;
        double perRow = Calibrate(options with { Scope = ParoThresholdScope.PerRowCount }).Report.KeptMass;
        Assert.True(global >= perHead && perHead >= perRow, $"{global} {perHead} {perRow}");
    }

    [Fact]
    public void Rows_hold_their_count_or_their_mass()
    {
        ParoOptions options = new() { Density = 0.4, Scope = ParoThresholdScope.PerRowCount, DenseFallbackDensity = 1 };
        AttentionPlan counted = Calibrate(options).Plans[0];
        AttentionPlan weighed = Calibrate(options with { Scope = ParoThresholdScope.PerRowMass, RowMass = 0.9 }).Plans[0];
        for (int head = 0; head < 7; head++)
        {
            FullMap map = new(Heads.Inputs, 0, head);
            double[] kept = map.KeptPerRow(weighed.OrderOf(head)!, weighed.Mask, head);
            for (int row = 2; row < 17; row++)
            {
                Assert.Equal(6, counted.Mask.KeptInRow(head, row));
                int[] tokens = [.. Enumerable.Range(0, Grid.Tokens).Where(token => weighed.OrderOf(head)!.SlotOf(token) / 8 == row)];
                Assert.True(tokens.Average(token => kept[token]) >= 0.9 - 1e-6);
            }
        }
    }

    [Fact]
    public void A_fixed_threshold_keeps_exactly_the_blocks_that_reach_it()
    {
        const double Threshold = 0.4;
        ParoOptions options = new() { Scope = ParoThresholdScope.Fixed, Threshold = Threshold, KeepText = false, DenseFallbackDensity = 1 };
        AttentionPlan plan = Calibrate(options).Plans[0];
        for (int head = 0; head < 7; head++)
        {
            double[] sums = new FullMap(Heads.Inputs, 0, head).BlockSums(plan.OrderOf(head)!, Blocks);
            for (int block = 0; block < sums.Length; block++)
            {
                double rowBest = Enumerable.Range(block / 17 * 17, 17).Max(other => sums[other]);
                bool wanted = sums[block] >= Threshold || sums[block] == rowBest;
                Assert.True(Math.Abs(sums[block] - Threshold) < 1e-6 || wanted == (plan.Mask.Coverage(head, block / 17, block % 17) == BlockCoverage.Full));
            }
        }
    }

    [Fact]
    public void The_count_test_skips_blocks_whose_near_zeros_reach_sigma()
    {
        ParoOptions options = new()
        {
            Scope = ParoThresholdScope.Fixed,
            Criterion = ParoCriterion.CountTest,
            Sigma = 0.75,
            Epsilon = ParoEpsilon.OverTokens(0.3),
            KeepText = false,
            DenseFallbackDensity = 1,
        };
        AttentionPlan plan = Calibrate(options).Plans[0];
        int skipped = 0;
        for (int head = 0; head < 7; head++)
        {
            FullMap map = new(Heads.Inputs, 0, head);
            TokenOrder order = plan.OrderOf(head)!;
            for (int block = 0; block < 17 * 17; block++)
            {
                (int pairs, int below) = CountBelow(map, order, block, (float)(0.3 / Grid.Tokens));
                bool kept = plan.Mask.Coverage(head, block / 17, block % 17) == BlockCoverage.Full;
                skipped += kept ? 0 : 1;
                if (below < 0.75 * pairs)
                {
                    Assert.True(kept);
                }
                else if (kept)
                {
                    Assert.True(plan.Mask.KeptInRow(head, block / 17) == 1, "only the minimum per row may keep it");
                }
            }
        }

        Assert.True(skipped > 50);
    }

    [Fact]
    public void Always_kept_blocks_are_kept()
    {
        ParoOptions options = new() { Density = 0.05, KeepDiagonal = true, KeepTail = true, KeepFirstFrame = true, SinkColumns = 2, DenseFallbackDensity = 1 };
        AttentionPlan plan = Calibrate(options).Plans[0];
        for (int head = 0; head < 7; head++)
        {
            for (int row = 0; row < 17; row++)
            {
                Assert.Equal(BlockCoverage.Full, plan.Mask.Coverage(head, row, row));
                foreach (int column in (int[])[0, 1, 2, 3, 16])
                {
                    Assert.Equal(BlockCoverage.Full, plan.Mask.Coverage(head, row, column));
                }
            }

            Assert.Equal(17, plan.Mask.KeptInRow(head, 0));
            Assert.Equal(17, plan.Mask.KeptInRow(head, 16));
        }

        ParoCalibration framesOutermost = Calibrate(options with { Candidates = ParoCandidateSet.None, FurtherOrders = [TokenOrder.Identity(Grid.Tokens)] });
        for (int column = 2; column < 2 + 4; column++)
        {
            Assert.Equal(BlockCoverage.Full, framesOutermost.Plans[0].Mask.Coverage(3, 9, column));
        }
    }

    [Fact]
    public void Ties_go_to_the_lowest_id_and_rows_are_never_empty()
    {
        float[] zeros = new float[Heads.Query.Length];
        AttentionInputs uniform = new(Heads.Shape, zeros, zeros, Heads.Value);
        foreach (ParoMetric metric in Enum.GetValues<ParoMetric>())
        {
            ParoCalibration result = new ParoMethod(new PlainMapReader(), new ParoOptions { Metric = metric, Density = 0.2, KeepText = false }).Calibrate(uniform, Context);
            Assert.All(result.Report.Heads, head => Assert.All(head.Candidates, candidate => Assert.True(double.IsFinite(candidate.Score), $"{metric}: {candidate}")));
            if (metric != ParoMetric.OutputError)
            {
                Assert.All(result.Report.Heads, head => Assert.Equal("FHW", head.Order));
            }

            for (int row = 0; row < 17; row++)
            {
                Assert.True(result.Plans[0].Mask.KeptInRow(0, row) >= 1);
            }
        }
    }

    [Fact]
    public void Output_error_ranks_by_the_error_of_the_masked_output()
    {
        ParoOptions options = new()
        {
            Metric = ParoMetric.OutputError,
            SampledQueries = Grid.VideoTokens,
            Density = 0.3,
            Scope = ParoThresholdScope.PerHead,
            DenseFallbackDensity = 1,
        };
        ParoCalibration result = Calibrate(options);
        Tessera.Backends.Reference.ReferenceResult dense = Tessera.Backends.Reference.ReferenceAttention.Dense(Heads.Inputs);
        Tessera.Backends.Reference.ReferenceResult sparse = Tessera.Backends.Reference.ReferenceAttention.Compute(result.Plans[0], Heads.Inputs);
        for (int head = 0; head < 7; head++)
        {
            double error = 0;
            double power = 0;
            for (int at = ((head * Grid.Tokens) + Grid.VideoStart) * 16; at < (head + 1) * Grid.Tokens * 16; at++)
            {
                error += Math.Pow(sparse.Output[at] - dense.Output[at], 2);
                power += Math.Pow(dense.Output[at], 2);
            }

            ParoHeadReport report = result.Report.Heads[head];
            ParoCandidateScore chosen = report.Candidates.First(candidate => candidate.Order == report.Order);
            Assert.Equal(error / power, chosen.OutputError!.Value, 1e-5);
            Assert.All(report.Candidates, candidate => Assert.True(candidate.Score >= chosen.Score));
        }
    }

    [Fact]
    public void Subsampled_scores_pick_like_full_ones_and_masks_read_every_row()
    {
        ParoOptions options = new() { Density = 0.4, DenseFallbackDensity = 1 };
        ParoCalibration full = Calibrate(options);
        ParoCalibration sampled = new ParoMethod(new PlainMapReader(), options with { QueryBlockStride = 3 }).Calibrate(Heads.Inputs, Context);
        Assert.Equal(full.Report.Density, sampled.Report.Density, 1e-12);
        for (int head = 0; head < 7; head++)
        {
            ParoHeadReport report = full.Report.Heads[head];
            double best = report.Candidates.Max(candidate => candidate.KeptMass);
            double picked = report.Candidates.First(candidate => candidate.Order == sampled.Report.Heads[head].Order).KeptMass;
            Assert.True(picked >= best - 0.05, $"head {head}: sampled choice keeps {picked}, the best {best}");
        }
    }

    [Fact]
    public void Subsampling_without_a_second_pass_says_what_to_do()
    {
        ParoCalibrator calibrator = new(Context, Heads.Shape, new PlainMapReader(), new ParoOptions { QueryBlockStride = 3 });
        calibrator.Add(Heads.Inputs);
        calibrator.ChooseOrders();
        Assert.Contains("ChooseOrders", Assert.Throws<InvalidOperationException>(calibrator.Build).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mask_groups_have_masks_of_their_own_and_one_order_per_head()
    {
        ParoTimeSharing sharing = ParoTimeSharing.FirstHalf(4);
        ParoCalibrator calibrator = new(Context, Heads.Shape, new PlainMapReader(), new ParoOptions { Density = 0.4 }, sharing);
        for (int step = 0; step < 4; step++)
        {
            calibrator.Add(StructuredHeads.Create(Grid, 7, 16, 11, new StructuredHeadsOptions { Sample = step, Noise = 0.2 }).Inputs, step);
        }

        ParoCalibration result = calibrator.Build();
        Assert.Equal(3, result.Plans.Count);
        Assert.Equal(21, result.Report.Heads.Count);
        for (int head = 0; head < 7; head++)
        {
            Assert.Equal(result.Plans[0].OrderOf(head), result.Plans[2].OrderOf(head));
        }

        PlanSchedule schedule = result.Schedule;
        Assert.Same(result.Plans[1], schedule[new StepContext(1, 4, 0, 30)]);
        Assert.Same(result.Plans[2], schedule[new StepContext(2, 4, 5, 30)]);
        Assert.Same(result.Plans[2], schedule[new StepContext(3, 4, 29, 30)]);
        Assert.NotEqual(result.Plans[0].Mask.FullKeyBlocks(4, 9).ToArray(), result.Plans[2].Mask.FullKeyBlocks(4, 9).ToArray());
    }

    [Fact]
    public void A_group_without_inputs_is_named()
    {
        ParoCalibrator calibrator = new(Context, Heads.Shape, new PlainMapReader(), sharing: ParoTimeSharing.Uniform(4, 2));
        calibrator.Add(Heads.Inputs, 1);
        Assert.Contains("group 1", Assert.Throws<InvalidOperationException>(calibrator.Build).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Batch_entries_are_observations_and_combine_as_told()
    {
        StructuredHeads other = StructuredHeads.Create(Grid, 7, 16, 11, new StructuredHeadsOptions { Sample = 1, Noise = 0.3 });
        AttentionShape pair = Heads.Shape with { Batch = 2 };
        AttentionInputs both = new(pair, [.. Heads.Query, .. other.Query], [.. Heads.Key, .. other.Key], [.. Heads.Value, .. other.Value]);
        ParoOptions options = new() { Density = 0.3, DenseFallbackDensity = 1 };

        ParoCalibration together = new ParoMethod(new PlainMapReader(), options).Calibrate(both, Context);
        ParoCalibrator apart = new(Context, Heads.Shape, new PlainMapReader(), options);
        apart.Add(Heads.Inputs);
        apart.Add(other.Inputs);
        Assert.Equal(2, together.Plans[0].Shape.Batch);
        Assert.Equal(Describe(apart.Build()), Describe(together));

        double mean = together.Report.Density;
        double union = new ParoMethod(new PlainMapReader(), options with { Combination = ParoCombination.Union }).Calibrate(both, Context).Report.Density;
        double max = new ParoMethod(new PlainMapReader(), options with { Combination = ParoCombination.Max }).Calibrate(both, Context).Report.Density;
        Assert.True(union > mean, $"union {union}, mean {mean}");
        Assert.Equal(mean, max, 1e-12);
    }

    [Fact]
    public void Empty_heads_keep_text_only_when_asked()
    {
        StructuredHeads blind = StructuredHeads.Create(Grid, 2, 16, 4, new StructuredHeadsOptions { TextShare = 0.99, Kinds = [HeadKind.Diffuse] });
        ParoOptions options = new() { Density = 0.4 };
        ParoCalibration kept = new ParoMethod(new PlainMapReader(), options).Calibrate(blind.Inputs, Context);
        ParoCalibration dropped = new ParoMethod(new PlainMapReader(), options with { EmptyHeads = EmptyHeadPolicy.AlwaysKeptOnly }).Calibrate(blind.Inputs, Context);
        Assert.All(kept.Report.Heads, head => Assert.True(head.IsEmpty));
        Assert.True(kept.Report.VideoDensity > 0);
        Assert.Equal(0, dropped.Report.VideoDensity);
        Assert.True(dropped.Report.KeptMass > 0.95);
    }

    [Fact]
    public void Heads_that_are_too_dense_or_too_lossy_become_dense()
    {
        ParoOptions options = new() { Density = 0.3, Scope = ParoThresholdScope.PerHead, MinimumKeptMass = 0.7 };
        ParoCalibration result = Calibrate(options);
        ParoHeadReport diffuse = result.Report.Heads.Single(head => Heads.Patterns[head.Head].Kind == HeadKind.Diffuse);
        Assert.True(diffuse is { IsDenseFallback: true, Density: 1 }, $"{diffuse}");
        Assert.True(diffuse.KeptMass > 1 - 1e-6);
        Assert.Contains(result.Report.Heads, head => !head.IsDenseFallback);
    }

    [Fact]
    public void Inputs_that_are_not_finite_or_of_another_shape_are_refused()
    {
        float[] key = (float[])Heads.Key.Clone();
        key[40] = float.NaN;
        ParoCalibrator calibrator = new(Context, Heads.Shape, new PlainMapReader());
        Assert.Contains("finite", Assert.Throws<ArgumentException>(() => calibrator.Add(new AttentionInputs(Heads.Shape, Heads.Query, key, Heads.Value))).Message, StringComparison.Ordinal);
        StructuredHeads larger = StructuredHeads.Create(new TokenGrid(4, 5, 7), 7, 16, 1);
        Assert.Throws<ArgumentException>(() => calibrator.Add(larger.Inputs));
        Assert.Throws<ArgumentException>(() => new ParoCalibrator(Context, larger.Shape, new PlainMapReader()));
    }

    [Fact]
    public void An_image_has_two_distinct_orders_and_small_grids_one_block()
    {
        TokenGrid image = new(1, 6, 5);
        ParoCalibrator calibrator = new(new PlanningContext(image), new AttentionShape(1, 1, 30, 30, 16), new PlainMapReader());
        Assert.Equal(["FHW", "FWH"], calibrator.Candidates.Select(order => order.Name));
        StructuredHeads heads = StructuredHeads.Create(image, 1, 16, 2);
        calibrator.Add(heads.Inputs);
        ParoCalibration result = calibrator.Build();
        Assert.Equal(1, result.Plans[0].Mask.Density);
        result.Plans[0].Validate();
    }

    [Fact]
    public void Further_candidate_families_are_searched()
    {
        ParoOptions options = new()
        {
            Candidates = ParoCandidateSet.AxisOrders | ParoCandidateSet.ReversedAxisOrders | ParoCandidateSet.Hilbert | ParoCandidateSet.Morton,
            CandidateTiles = [new TileShape(2, 2, 2)],
            Density = 0.3,
        };
        ParoCalibration result = Calibrate(options);
        Assert.Equal(6 + 6 + 1 + 1 + 1, result.Report.Heads[0].Candidates.Count);
        ParoCalibration six = Calibrate(new ParoOptions { Density = 0.3 });
        for (int head = 0; head < 7; head++)
        {
            Assert.True(BestCandidate(result, head) >= BestCandidate(six, head));
        }

        Assert.True(BestCandidate(result, 4) > BestCandidate(six, 4), $"an isotropic head gains from compact orders: {BestCandidate(result, 4)}, axis orders {BestCandidate(six, 4)}");
    }

    [Fact]
    public void A_shared_order_has_the_best_sum_of_scores()
    {
        ParoCalibration result = Calibrate(new ParoOptions { Density = 0.3, SharedOrder = true });
        string order = Assert.Single(result.Report.Heads.Select(head => head.Order).Distinct());
        double Sum(string name) => result.Report.Heads.Sum(head => head.Candidates.Single(candidate => candidate.Order == name).KeptMass);
        Assert.All(AxisOrder.All, other => Assert.True(Sum(order) >= Sum(other.ToString())));
        Assert.Contains(Calibrate(new ParoOptions { Density = 0.3 }).Report.Heads, head => head.Order != order);
    }

    private static double BestCandidate(ParoCalibration calibration, int head) => calibration.Report.Heads[head].Candidates.Max(candidate => candidate.KeptMass);

    private static ParoCalibration Calibrate(ParoOptions options) => new ParoMethod(new PlainMapReader(), options).Calibrate(Heads.Inputs, Context);

    private static string Describe(ParoCalibration calibration) => string.Join('\n', calibration.Report.Heads.Select(head => head.ToString()));

    private static double BestMass(double[] sums, int slots, double density)
    {
        int rows = (slots + 7) / 8;
        HashSet<int> kept = [];
        for (int row = 0; row < rows; row++)
        {
            kept.Add(Enumerable.Range(row * rows, rows).MaxBy(block => sums[block]));
        }

        int budget = (int)Math.Floor((density * sums.Length) + 1e-9);
        foreach (int block in Enumerable.Range(0, sums.Length).OrderByDescending(block => sums[block]))
        {
            if (kept.Count >= budget)
            {
                break;
            }

            kept.Add(block);
        }

        return kept.Sum(block => sums[block]) / sums.Sum();
    }

    private static (int Pairs, int Below) CountBelow(FullMap map, TokenOrder order, int block, float epsilon)
    {
        int pairs = 0;
        int below = 0;
        for (int i = block / 17 * 8; i < Math.Min(order.Slots, ((block / 17) + 1) * 8); i++)
        {
            for (int j = block % 17 * 8; j < Math.Min(order.Slots, ((block % 17) + 1) * 8); j++)
            {
                if (order.TokenAt(i) >= 0 && order.TokenAt(j) >= 0)
                {
                    pairs++;
                    below += (float)map[order.TokenAt(i), order.TokenAt(j)] < epsilon ? 1 : 0;
                }
            }
        }

        return (pairs, below);
    }
}
