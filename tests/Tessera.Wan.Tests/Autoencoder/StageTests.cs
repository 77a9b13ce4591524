using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.Autoencoder;
using Xunit;

namespace Tessera.Wan.Tests.Autoencoder;

/// <summary>Frames flowing one by one give what the whole clip gives at once, in binary64.</summary>
public sealed class StageTests
{
    private const int Frames = 7;
    private const int Height = 6;
    private const int Width = 4;

    // The sums of at most 27 x 12 terms near 1 in binary32, then a norm: a few hundred roundings.
    private const double Tolerance = 5e-6;

    [Theory]
    [InlineData(8, 8)]
    [InlineData(12, 8)]
    public void Residual_blocks(int inputs, int outputs)
    {
        using Checkpoint weights = Residual(inputs, outputs);
        PlainVideo input = Normal(inputs, 3);
        PlainVideo middle = input.Norm(weights["b.residual.0.gamma"], isActivated: true)
            .Convolve(weights["b.residual.2.weight"], weights["b.residual.2.bias"], lead: 2, border: 1);
        PlainVideo output = middle.Norm(weights["b.residual.3.gamma"], isActivated: true)
            .Convolve(weights["b.residual.6.weight"], weights["b.residual.6.bias"], lead: 2, border: 1);
        PlainVideo shortcut = inputs == outputs
            ? input
            : input.Convolve(weights["b.shortcut.weight"], weights["b.shortcut.bias"], lead: 0, border: 0);
        Check(input, output.Plus(shortcut), engine => new ResidualStage(engine, new ResidualLayers(weights, "b")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Upsampling_skips_the_convolution_over_time_for_the_first_frame(bool doublesTime)
    {
        const int Channels = 8;
        using Checkpoint weights = Weights(
            [("u.resample.1.weight", [Channels / 2, Channels, 3, 3]), ("u.resample.1.bias", [Channels / 2]),
             .. doublesTime ? Time("u", Channels, 2 * Channels) : []]);
        PlainVideo input = Normal(Channels, 4);
        PlainVideo grown = !doublesTime
            ? input
            : input.Take(1).Append(
                input.Skip(1).Convolve(weights["u.time_conv.weight"], weights["u.time_conv.bias"], lead: 2, border: 0).Interleave());
        Check(
            input, grown.Double().Convolve(weights["u.resample.1.weight"], weights["u.resample.1.bias"], lead: 0, border: 1),
            engine => new UpsampleStage(engine, new UpsampleLayers(weights, "u")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Downsampling_keeps_the_first_frame_and_halves_the_others(bool halvesTime)
    {
        const int Channels = 8;
        using Checkpoint weights = Weights(
            [("d.resample.1.weight", [Channels, Channels, 3, 3]), ("d.resample.1.bias", [Channels]),
             .. halvesTime ? Time("d", Channels, Channels) : []]);
        PlainVideo input = Normal(Channels, 5);
        PlainVideo halved = input.Convolve(weights["d.resample.1.weight"], weights["d.resample.1.bias"], lead: 0, border: 0, stride: 2);
        PlainVideo expected = !halvesTime
            ? halved
            : halved.Take(1).Append(
                halved.Convolve(weights["d.time_conv.weight"], weights["d.time_conv.bias"], lead: 0, border: 0, frameStride: 2));
        Check(input, expected, engine => new DownsampleStage(engine, new DownsampleLayers(weights, "d")));
    }

    private static void Check(PlainVideo input, PlainVideo expected, Func<FrameEngine, FrameStage> make)
    {
        using ComputingEngine engine = new(threads: 2, CancellationToken.None);
        for (int run = 0; run < 2; run++)
        {
            List<float[]> frames = [];
            FrameStage stage = make(engine);
            stage.Then(new SinkStage("end", engine, frame => frames.Add(frame.Values.ToArray())));
            long bytes = 0;
            for (int t = 0; t < input.Frames; t++)
            {
                Frame frame = engine.Rent(input.Height, input.Width, input.Channels);
                Assert.Equal(input.Frame(t).Length, frame.Values.Length);
                for (int i = 0; i < frame.Values.Length; i++)
                {
                    frame.Values[i] = (float)input.Frame(t)[i];
                }

                stage.Push(frame);
                bytes = t < 4 ? engine.Bytes : bytes;
            }

            // The fifth frame and all behind it find memory that is there already, and clearing gives everything back.
            Assert.Equal(bytes, engine.Bytes);
            stage.Clear();
            Assert.Equal(0, engine.Rented);
            Assert.Equal(expected.Frames, frames.Count);
            for (int t = 0; t < frames.Count; t++)
            {
                Assert.Equal(expected.Frame(t).Length, frames[t].Length);
                for (int i = 0; i < frames[t].Length; i++)
                {
                    Assert.Equal(expected.Frame(t)[i], frames[t][i], Tolerance);
                }
            }
        }
    }

    private static Checkpoint Residual(int inputs, int outputs) => Weights(
    [
        ("b.residual.0.gamma", [inputs, 1, 1, 1]), ("b.residual.2.weight", [outputs, inputs, 3, 3, 3]), ("b.residual.2.bias", [outputs]),
        ("b.residual.3.gamma", [outputs, 1, 1, 1]), ("b.residual.6.weight", [outputs, outputs, 3, 3, 3]), ("b.residual.6.bias", [outputs]),
        .. inputs == outputs
            ? Array.Empty<(string, long[])>()
            : [("b.shortcut.weight", [outputs, inputs, 1, 1, 1]), ("b.shortcut.bias", [outputs])],
    ]);

    private static (string, long[])[] Time(string name, int inputs, int outputs) =>
        [($"{name}.time_conv.weight", [outputs, inputs, 3, 1, 1]), ($"{name}.time_conv.bias", [outputs])];

    private static Checkpoint Weights((string Name, long[] Shape)[] tensors)
    {
        SafetensorsWriter writer = new();
        Random random = new(11);
        foreach ((string name, long[] shape) in tensors)
        {
            float[] values = new float[shape.Aggregate(1L, static (product, extent) => product * extent)];
            SeededInputs.FillNormal(random, values);
            float scale = shape.Length > 1 ? 1 / MathF.Sqrt(values.Length / (float)shape[0]) : 1;
            writer.Add<float>(name, shape, values.Select(value => scale * value).ToArray());
        }

        string path = Path.Combine(Path.GetTempPath(), $"tessera-{Guid.NewGuid():n}.safetensors");
        writer.Save(path);
        Checkpoint weights = new(Checkpoint.OpenSource(path), KeyTable.Identity("test"));
        File.Delete(path);
        return weights;
    }

    private static PlainVideo Normal(int channels, int seed)
    {
        float[] values = new float[Frames * Height * Width * channels];
        SeededInputs.FillNormal(new Random(seed), values);
        return new PlainVideo(Frames, Height, Width, channels, [.. values.Select(static value => (double)value)]);
    }
}
