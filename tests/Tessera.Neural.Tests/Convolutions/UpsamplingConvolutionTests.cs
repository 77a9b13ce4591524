using Tessera.Neural.Convolutions;
using Tessera.Neural.Layers;
using Tessera.Neural.Products;
using Tessera.Serialization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Neural.Tests.Convolutions;

public sealed class UpsamplingConvolutionTests
{
    [Theory]
    [InlineData(1, 1, 3, 2)]
    [InlineData(5, 7, 6, 10)]
    [InlineData(12, 33, 16, 50)]
    [InlineData(3, 2, 130, 17)]
    public void Outputs_are_those_of_the_convolution_of_the_upsampled_image(int height, int width, int inputs, int outputs)
    {
        float[] input = Normal(1, height * width * inputs);
        float[] weight = Normal(2, outputs * inputs * 9);
        float[] bias = Normal(3, outputs);
        float[] doubled = new float[4 * input.Length];
        NearestUpsampling.Forward(input, height, width, doubled);
        FrameSize size = new(1, 2 * height, 2 * width);
        PlainConvolution plain = PlainConvolution.Of(
            [], doubled, size, weight, [outputs, inputs, 1, 3, 3], bias, ConvolutionGeometry.Same3x3);
        UpsamplingConvolution layer = new(
            StoredTensor.FromValues<float>("w", [outputs, inputs, 3, 3], weight), StoredTensor.FromValues<float>("b", [outputs], bias));
        float[] output = new float[plain.Sums.Length];
        layer.Forward<NoActivation>(input, height, width, output, threads: 1);

        // Taps are rounded once more, so a term more than the sum has.
        SumBound.Require(plain.Sums, plain.Magnitudes, (9 * inputs) + 1, output);
        float[] other = new float[output.Length];
        layer.Forward<NoActivation>(input, height, width, other, threads: 3);
        NumericAssert.BitwiseEqual(output, other);
        layer.Forward<ReluActivation>(input, height, width, other);
        Assert.Equal(output.Select(static value => MathF.Max(value, 0)), other);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        StoredTensor weight = StoredTensor.FromValues<float>("w", [2, 3, 3, 3], new float[54]);
        UpsamplingConvolution layer = new(weight, null);
        Assert.Throws<ArgumentException>(() => layer.Forward<NoActivation>(new float[11], 2, 2, new float[32]));
        Assert.Throws<ArgumentException>(() => layer.Forward<NoActivation>(new float[12], 2, 2, new float[31]));
        Assert.Throws<ArgumentException>(
            () => new UpsamplingConvolution(StoredTensor.FromValues<float>("w", [2, 3, 3, 1], new float[18]), null));
        Assert.Throws<ArgumentException>(() => new UpsamplingConvolution(weight, StoredTensor.FromValues<float>("b", [3], new float[3])));
    }

    [Fact]
    public void History_may_lie_in_blocks_of_its_own_and_frames_that_do_not_exist_are_zeros()
    {
        const int Channels = 100, Outputs = 20;
        FrameSize size = new(1, 6, 9);
        Convolution layer = new(
            StoredTensor.FromValues<float>("w", [Outputs, Channels, 3, 3, 3], Normal(4, Outputs * Channels * 27)), null,
            ConvolutionGeometry.Causal3x3x3);
        float[] input = Normal(5, size.FramePositions * Channels);
        using ActivationPool pool = new();
        ActivationBlock[] blocks = [pool.Rent(input.Length), pool.Rent(input.Length)];
        float[] together = Normal(6, 2 * input.Length);
        together.AsSpan(0, input.Length).CopyTo(blocks[0].Span);
        together.AsSpan(input.Length).CopyTo(blocks[1].Span);
        float[] expected = new float[size.FramePositions * Outputs];
        float[] actual = new float[expected.Length];
        for (int frames = 0; frames <= 2; frames++)
        {
            layer.Forward(together.AsSpan((2 - frames) * input.Length), input, size, expected);
            layer.ForwardAfter(blocks.AsSpan(2 - frames), input, size, default(Activated<NoActivation>), actual);
            NumericAssert.BitwiseEqual(expected, actual);
            float[] padded = [.. new float[(2 - frames) * input.Length], .. together[((2 - frames) * input.Length)..]];
            layer.Forward(padded, input, size, actual);
            Assert.All(expected.Zip(actual), static pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
        }

        Assert.Throws<ArgumentException>(() => layer.ForwardAfter(
            [pool.Rent(input.Length + 1)], input, size, default(Activated<NoActivation>), actual));
    }

    private static float[] Normal(int seed, int count)
    {
        float[] values = new float[count];
        SeededInputs.FillNormal(new Random(seed), values);
        return values;
    }
}
