using Tessera.Layout;
using Tessera.Masks;
using Tessera.Methods;
using Tessera.Methods.Paro;
using Tessera.Synthesis;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Methods.Paro;

public class ParoCalibratorStateTests
{
    private static readonly TokenGrid Grid = new(4, 5, 6);
    private static readonly StructuredHeads First = StructuredHeads.Create(Grid, 7, 16, 11);
    private static readonly StructuredHeads Second = StructuredHeads.Create(Grid, 7, 16, 12);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_stored_calibration_goes_on_to_the_same_plans(bool chooses)
    {
        ParoCalibrator whole = Calibrator();
        whole.Add(First.Inputs, 0);
        whole.Add(Second.Inputs, 1);
        if (chooses)
        {
            whole.ChooseOrders();
        }

        ParoCalibrator next = Calibrator();
        next.RestoreScores(whole.ExportScores());
        if (chooses)
        {
            next.RestoreOrders(whole.ChosenCandidates);
        }

        for (int group = 0; group < 2; group++)
        {
            ParoObservations seen = whole.Export(group)!;
            Assert.Equal(1, seen.Count);
            Assert.All(seen.Candidates, head => Assert.Equal(chooses ? 1 : 6, head.Length));
            next.Restore(group, seen);
        }

        whole.Add(Second.Inputs, 0);
        next.Add(Second.Inputs, 0);
        ParoCalibration expected = whole.Build();
        ParoCalibration actual = next.Build();
        Assert.Equal(expected.Report.Threshold, actual.Report.Threshold);
        for (int group = 0; group < 2; group++)
        {
            Assert.Equal(expected.Plans[group].Orders, actual.Plans[group].Orders);
            Assert.Equal(expected.Plans[group].Mask.KeptBlocks, actual.Plans[group].Mask.KeptBlocks);
            for (int head = 0; head < 7; head++)
            {
                for (int row = 0; row < expected.Plans[group].Mask.QueryBlocks; row++)
                {
                    Assert.Equal(
                        expected.Plans[group].Mask.FullKeyBlocks(head, row), actual.Plans[group].Mask.FullKeyBlocks(head, row));
                }
            }
        }

        Assert.Equal(expected.Report.Heads.Select(static head => head.KeptMass), actual.Report.Heads.Select(static head => head.KeptMass));
        if (!chooses)
        {
            Assert.Equal(expected.Report.Heads[3].Candidates, actual.Report.Heads[3].Candidates);
        }
    }

    [Fact]
    public void State_of_another_shape_or_kind_is_refused()
    {
        ParoCalibrator calibrator = Calibrator();
        Assert.Null(calibrator.Export(1));
        calibrator.Add(First.Inputs);
        ParoObservations seen = calibrator.Export(0)!;
        Assert.Throws<ArgumentException>(() => calibrator.Restore(0, seen with { Mass = seen.Mass[1..] }));
        Assert.Throws<ArgumentException>(() => calibrator.Restore(0, seen with { Candidates = [.. seen.Candidates.Skip(1)] }));
        Assert.Throws<ArgumentOutOfRangeException>(() => calibrator.Restore(2, seen));
        Assert.Throws<ArgumentException>(() => calibrator.RestoreOrders([0, 1]));
        Assert.Throws<ArgumentException>(() => calibrator.RestoreOrders([0, 1, 2, 3, 4, 5, 6]));
        Assert.Throws<ArgumentException>(() => calibrator.RestoreScores(new ParoScoreSums { Sums = [1] }));
        Assert.Throws<InvalidOperationException>(() => calibrator.ChosenCandidates);
        ParoCalibrator union = Calibrator(new ParoOptions { Combination = ParoCombination.Union });
        Assert.Throws<NotSupportedException>(() => union.Export(0));
    }

    private static ParoCalibrator Calibrator(ParoOptions? options = null) => new(
        new PlanningContext(Grid) { BlockSize = new BlockSize(8, 8) }, First.Shape, new PlainMapReader(),
        options ?? new ParoOptions { Density = 0.3 }, ParoTimeSharing.Uniform(2, 2));
}
