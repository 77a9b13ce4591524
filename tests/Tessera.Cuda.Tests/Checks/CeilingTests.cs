using GpuCheck.Probes;
using Tessera.Cuda.Emulation;
using Xunit;

namespace Tessera.Cuda.Tests.Checks;

/// <summary>The loops that show how fast units go, and the measure of what products keep, on the emulator.</summary>
public sealed class CeilingTests
{
    // 2^16 in binary32 ends at 2^-7. Of n small terms the sum is kept to half of that: 31 or 32 of 2^(16 - 28), 15 or 16 of 2^(16 - 27).
    private const int Float8Bits = 28;
    private const int BFloat16Bits = 27;

    public static TheoryData<string> Kernels => [.. Ceiling.All.Select(static ceiling => ceiling.Kernel)];

    public static TheoryData<string, bool> Precisions
    {
        get
        {
            TheoryData<string, bool> cases = [];
            foreach (AccumulatorPrecision precision in AccumulatorPrecision.All)
            {
                cases.Add(precision.Name, false);
                cases.Add(precision.Name, true);
            }

            return cases;
        }
    }

    [EmulatedTheory]
    [MemberData(nameof(Kernels))]
    public void A_loop_does_every_turn_of_its_work(string kernel)
    {
        Ceiling ceiling = Ceiling.All.First(ceiling => ceiling.Kernel == kernel);
        using EmulatedDevice device = new(90, new EmulatedSchedule(1));

        ProbeRun right = ProbeRun.Of(device, ceiling.Probe, ceiling.Data(3));
        ProbeRun lazy = ProbeRun.Of(device, ceiling.Probe, ceiling.Data(3) with { Count = 2 });

        Assert.True(right.Wrong == 0, $"{right.Wrong} of {right.Words} words: {right.First}");
        Assert.NotEqual(0, lazy.Wrong);
    }

    [EmulatedTheory]
    [MemberData(nameof(Precisions))]
    public void Sums_that_are_rounded_once_keep_what_binary32_keeps(string name, bool inAccumulator)
    {
        AccumulatorPrecision precision = AccumulatorPrecision.All.First(precision => precision.Name == name);
        using EmulatedDevice device = new(90, new EmulatedSchedule(1));

        double[] kept = precision.Kept(ProbeRun.Output(device, precision.Probe, precision.Data(inAccumulator)), inAccumulator);

        Assert.Equal(precision.Type == ProductType.Float8 ? Float8Bits : BFloat16Bits, AccumulatorPrecision.Bits(kept));
        Assert.All(kept[..20], static share => Assert.Equal(1, share));
    }

    [EmulatedTheory]
    [InlineData("mma.sync e4m3", 14)]
    [InlineData("wgmma e4m3", 14)]
    [InlineData("wgmma e4m3", 22)]
    public void Accumulators_of_few_bits_keep_what_they_have_bits_for(string name, int bits)
    {
        AccumulatorPrecision precision = AccumulatorPrecision.All.First(precision => precision.Name == name);
        using EmulatedDevice device = new(90, new EmulatedSchedule(1)) { AccumulatorBits = bits };

        foreach (bool inAccumulator in (bool[])[false, true])
        {
            double[] kept = precision.Kept(ProbeRun.Output(device, precision.Probe, precision.Data(inAccumulator)), inAccumulator);

            // The largest term has its leading bit at 2^16, the last bit stands bits - 1 below.
            Assert.Equal(bits - 1, AccumulatorPrecision.Bits(kept));
        }
    }

    [Theory]
    [InlineData(13)]
    [InlineData(22)]
    public void A_narrow_accumulator_shows(int bits)
    {
        // What hardware does that aligns each product to the largest one and cuts it there.
        AccumulatorPrecision precision = AccumulatorPrecision.All[0];
        uint[] output = new uint[128];
        for (int e = 1; e <= 32; e++)
        {
            double small = e <= bits ? Math.ScaleB(1, 16 - e) : 0;
            (int row, int column) = ((e - 1) % 16, (e - 1) / 16);
            output[(64 * (row / 8)) + (32 * column) + (4 * (row % 8))] = BitConverter.SingleToUInt32Bits((float)(65536 + (31 * small)));
        }

        Assert.Equal(bits, AccumulatorPrecision.Bits(precision.Kept(output, inAccumulator: false)));
    }
}
