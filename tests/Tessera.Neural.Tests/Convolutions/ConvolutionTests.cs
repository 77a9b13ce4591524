using Tessera.Neural.Convolutions;
using Tessera.Neural.Products;
using Tessera.Serialization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Neural.Tests.Convolutions;

public sealed class ConvolutionTests
{
    public static TheoryData<string, int, string, string, int> Cases { get; } = new()
    {
        { "causal 3x3x3", 0, "8 5 3 3 3", "2 5 7", 5 },
        { "causal 3x3x3", 1, "7 3 3 3 3", "1 6 6", 3 },
        { "causal 3x3x3", 2, "50 17 3 3 3", "3 4 9", 17 },
        { "causal 3x3x3", 2, "3 96 3 3 3", "1 9 12", 96 },
        { "causal 3x3x3", 2, "97 16 3 3 3", "1 3 3", 16 },
        { "same 3x3", 0, "20 33 1 3 3", "2 8 8", 33 },
        { "same 3x3", 0, "4 2 1 3 3", "1 1 1", 2 },
        { "halving 3x3", 0, "12 12 1 3 3", "2 8 6", 12 },
        { "halving 3x3", 0, "12 4 1 3 3", "1 7 9", 4 },
        { "causal frames", 2, "24 12 3 1 1", "2 4 5", 12 },
        { "causal frames", 0, "9 12 3 1 1", "4 3 3", 12 },
        { "halving frames", 1, "12 12 3 1 1", "4 3 3", 12 },
        { "halving frames", 0, "12 12 3 1 1", "5 3 3", 12 },
        { "pointwise", 0, "64 40 1 1 1", "2 5 5", 40 },
        { "wide stride 3", 1, "6 5 2 5 4", "6 11 13", 5 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Outputs_are_within_the_rounding_of_the_definition(string geometry, int before, string kernel, string size, int channels)
    {
        int[] extents = Numbers(kernel);
        int[] frames = Numbers(size);
        Assert.Equal(extents[1], channels);
        Check(GeometryOf(geometry), before, extents, new FrameSize(frames[0], frames[1], frames[2]));
    }

    [Fact]
    public void Frame_pairs_see_the_stacked_channels_of_a_frame_and_its_predecessor()
    {
        const int Channels = 6, Outputs = 10;
        FrameSize size = new(3, 5, 4);
        float[] input = Normal(1, (int)size.Positions * Channels);
        float[] history = Normal(2, size.FramePositions * Channels);
        float[] weight = Normal(3, Outputs * 2 * Channels * 9);
        float[] stacked = new float[input.Length * 2];
        for (int position = 0; position < size.Positions; position++)
        {
            ReadOnlySpan<float> past = position < size.FramePositions
                ? history.AsSpan(position * Channels, Channels)
                : input.AsSpan((position - size.FramePositions) * Channels, Channels);
            input.AsSpan(position * Channels, Channels).CopyTo(stacked.AsSpan(position * 2 * Channels));
            past.CopyTo(stacked.AsSpan((position * 2 * Channels) + Channels));
        }

        PlainConvolution plain = PlainConvolution.Of(
            [], stacked, size, weight, [Outputs, 2 * Channels, 1, 3, 3], new float[Outputs], ConvolutionGeometry.Same3x3);
        Convolution pairs = Convolution.OverFramePairs(
            StoredTensor.FromValues<float>("w", [Outputs, 2 * Channels, 3, 3], weight), null,
            ConvolutionGeometry.Same3x3 with { LeadingFrames = 1 });
        float[] output = new float[plain.Sums.Length];
        pairs.Forward(history, input, size, output);
        SumBound.Require(plain.Sums, plain.Magnitudes, 2 * Channels * 9, output);
    }

    [Fact]
    public void Residuals_and_activations_are_applied_to_the_finished_sums()
    {
        const int Channels = 5, Outputs = 21;
        FrameSize size = new(2, 3, 3);
        int[] kernel = [Outputs, Channels, 3, 3, 3];
        float[] input = Normal(1, (int)size.Positions * Channels);
        float[] residual = Normal(2, (int)size.Positions * Outputs);
        float[] weight = Normal(3, Outputs * Channels * 27);
        float[] bias = Normal(4, Outputs);
        Convolution layer = Layer(kernel, weight, bias, ConvolutionGeometry.Causal3x3x3);
        float[] plain = new float[residual.Length];
        layer.Forward([], input, size, plain);
        float[] output = new float[residual.Length];
        layer.Forward([], input, size, new Added<ReluActivation>(residual), output);
        Assert.Equal(plain.Zip(residual, static (sum, other) => MathF.Max(0, sum + other)), output);
        float[] inPlace = [.. residual];
        layer.Forward([], input, size, new Added<ReluActivation>(inPlace), inPlace);
        Assert.Equal(output, inPlace);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        Convolution layer = Layer([2, 3, 3, 3, 3], new float[162], new float[2], ConvolutionGeometry.Causal3x3x3);
        FrameSize size = new(1, 4, 4);
        Assert.Equal(new FrameSize(1, 4, 4), layer.OutputSize(0, size));
        Assert.Throws<ArgumentException>(() => layer.Forward([], new float[47], size, new float[32]));
        Assert.Throws<ArgumentException>(() => layer.Forward(new float[49], new float[48], size, new float[32]));
        Assert.Throws<ArgumentException>(() => layer.Forward([], new float[48], size, new float[31]));
        Assert.Throws<ArgumentOutOfRangeException>(() => layer.OutputSize(3, size));
        Assert.Throws<ArgumentException>(() => Layer([2, 3, 1, 3, 3], new float[54], new float[3], ConvolutionGeometry.Same3x3));
        Assert.Throws<ArgumentException>(
            () => Layer([2, 3, 1, 3, 3], new float[54], new float[2], ConvolutionGeometry.Same3x3 with { Stride = 0 }));
        Assert.Throws<ArgumentException>(
            () => Layer([2, 3, 1, 9, 9], new float[486], new float[2], ConvolutionGeometry.Same3x3).OutputSize(0, size));
    }

    private static void Check(ConvolutionGeometry geometry, int before, int[] kernel, FrameSize size)
    {
        float[] history = Normal(1, before * size.FramePositions * kernel[1]);
        float[] input = Normal(2, (int)size.Positions * kernel[1]);
        float[] weight = Normal(3, kernel[0] * kernel[1] * kernel[2] * kernel[3] * kernel[4]);
        float[] bias = Normal(4, kernel[0]);
        PlainConvolution plain = PlainConvolution.Of(history, input, size, weight, kernel, bias, geometry);
        Convolution layer = Layer(kernel, weight, bias, geometry);
        Assert.Equal(plain.Sums.Length, layer.OutputSize(before, size).Positions * kernel[0]);
        float[] one = new float[plain.Sums.Length];
        layer.Forward(history, input, size, one, threads: 1);
        SumBound.Require(plain.Sums, plain.Magnitudes, weight.Length / kernel[0], one);
        float[] three = new float[plain.Sums.Length];
        layer.Forward(history, input, size, three, threads: 3);
        NumericAssert.BitwiseEqual(one, three);
    }

    private static ConvolutionGeometry GeometryOf(string name) => name switch
    {
        "causal 3x3x3" => ConvolutionGeometry.Causal3x3x3,
        "same 3x3" => ConvolutionGeometry.Same3x3,
        "halving 3x3" => ConvolutionGeometry.Halving3x3,
        "causal frames" => ConvolutionGeometry.CausalFrames,
        "halving frames" => ConvolutionGeometry.HalvingFrames,
        "pointwise" => ConvolutionGeometry.Pointwise,
        _ => new() { FrameStride = 2, Stride = 3, LeadingFrames = 1, Top = 2, Bottom = 1, Left = 3, Right = 0 },
    };

    private static Convolution Layer(int[] kernel, float[] weight, float[] bias, ConvolutionGeometry geometry)
    {
        long[] shape = kernel[2] == 1 ? [kernel[0], kernel[1], kernel[3], kernel[4]] : [.. kernel.Select(static extent => (long)extent)];
        return new Convolution(
            StoredTensor.FromValues<float>("w", shape, weight), StoredTensor.FromValues<float>("b", [bias.Length], bias), geometry);
    }

    private static int[] Numbers(string text) => [.. text.Split(' ').Select(int.Parse)];

    private static float[] Normal(int seed, int count)
    {
        float[] values = new float[count];
        SeededInputs.FillNormal(new Random(seed), values);
        return values;
    }
}
