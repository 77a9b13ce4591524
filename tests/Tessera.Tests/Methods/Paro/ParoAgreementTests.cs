using Tessera.Layout;
using Tessera.Masks;
using Tessera.Methods;
using Tessera.Methods.Paro;
using Tessera.Synthesis;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Methods.Paro;

public class ParoAgreementTests
{
    [Fact]
    public void Other_content_moves_masks_and_flips_orders_that_nearly_tie()
    {
        ParoCalibration first = Calibrate(new StructuredHeadsOptions { Noise = 0.2 });
        ParoCalibration second = Calibrate(new StructuredHeadsOptions { Noise = 0.2, Sample = 1 });
        ParoAgreement agreement = ParoAgreement.Between(first, second);
        int same = first.Report.Heads.Zip(second.Report.Heads).Count(static pair => pair.First.Order == pair.Second.Order);
        Assert.Equal(same / 7.0, agreement.OrderAgreement, 1e-12);
        Assert.InRange(same, 1, 6);
        Assert.InRange(agreement.MaskOverlap, 0.4, 0.95);
        Assert.Equal(agreement, ParoAgreement.Between(second, first));
    }

    [Fact]
    public void A_calibration_agrees_with_itself_and_not_with_another_shape()
    {
        ParoCalibration first = Calibrate(new StructuredHeadsOptions());
        Assert.Equal(new ParoAgreement(1, 1), ParoAgreement.Between(first, first));
        StructuredHeads other = StructuredHeads.Create(new TokenGrid(2, 5, 6), 7, 16, 1);
        ParoCalibration smaller = new ParoMethod(new PlainMapReader()).Calibrate(other.Inputs, new PlanningContext(other.Grid) { BlockSize = new BlockSize(8, 8) });
        Assert.Throws<ArgumentException>(() => ParoAgreement.Between(first, smaller));
    }

    private static ParoCalibration Calibrate(StructuredHeadsOptions options)
    {
        StructuredHeads heads = StructuredHeads.Create(new TokenGrid(4, 5, 6), 7, 16, 11, options);
        return new ParoMethod(new PlainMapReader(), new ParoOptions { Density = 0.3 }).Calibrate(heads.Inputs, new PlanningContext(heads.Grid) { BlockSize = new BlockSize(8, 8) });
    }
}
