using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.Wan.Sampling;
using Xunit;

namespace Tessera.Wan.Tests.Sampling;

public sealed class LatentNoiseTests : IDisposable
{
    private static readonly LatentShape Shape = new(16, 3, 4, 6);
    private readonly string _folder = Directory.CreateTempSubdirectory("tessera-noise-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Equal_seeds_give_equal_noise()
    {
        float[] noise = LatentNoise.FromSeed(Shape, 42);
        Assert.Equal(Shape.Count, noise.Length);
        Assert.Equal(noise, LatentNoise.FromSeed(Shape, 42));
        Assert.NotEqual(noise, LatentNoise.FromSeed(Shape, 43));

        // Pinned: a change of these numbers changes every video of every seed.
        Assert.Equal([-0.13477372f, 0.35389346f, -0.010939845f, -2.0053911f], noise[..4]);
    }

    [Theory]
    [InlineData(81, 480, 832, "16x21x60x104", "21x30x52")]
    [InlineData(1, 16, 32, "16x1x2x4", "1x1x2")]
    public void The_latent_of_a_video(int frames, int height, int width, string shape, string tokens)
    {
        LatentShape latent = LatentShape.OfVideo(frames, height, width);
        Assert.Equal(shape, latent.ToString());
        Assert.Equal(frames, latent.VideoFrames);
        Assert.Equal(tokens, latent.Tokens.ToString());
    }

    [Theory]
    [InlineData(80, 480, 832, "77 and 81")]
    [InlineData(0, 480, 832, "nearest are 1.")]
    [InlineData(-7, 480, 832, "nearest are 1.")]
    [InlineData(3, 480, 832, "1 and 5")]
    [InlineData(5, 479, 832, "464 and 480")]
    [InlineData(5, 480, 833, "832 and 848")]
    [InlineData(5, 480, 8, "nearest is 16")]
    public void Videos_without_a_latent_are_refused_with_the_nearest(int frames, int height, int width, string nearest) =>
        Assert.Contains(
            nearest, Assert.Throws<ArgumentOutOfRangeException>(() => LatentShape.OfVideo(frames, height, width)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Noise_of_a_file_is_read_and_checked()
    {
        float[] noise = LatentNoise.FromSeed(Shape, 1);
        Assert.Equal(noise, LatentNoise.FromFile(Write(noise, ("anything", [1, 16, 3, 4, 6])), Shape));
        Assert.Equal(noise, LatentNoise.FromFile(Write(noise, ("noise", [16, 3, 4, 6]), ("other", [16, 3, 4, 6])), Shape));
        string message = Refused(Write(noise, ("noise", [16, 3, 6, 4])));
        Assert.Contains("[16, 3, 6, 4]; this video needs [16, 3, 4, 6]", message, StringComparison.Ordinal);
        Assert.Contains("none is named 'noise'", Refused(Write(noise, ("a", [16, 3, 4, 6]), ("b", [16, 3, 4, 6]))), StringComparison.Ordinal);
        noise[7] = float.NaN;
        Assert.Contains("NaN", Refused(Write(noise, ("noise", [16, 3, 4, 6]))), StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => LatentNoise.FromFile(Path.Combine(_folder, "none.safetensors"), Shape));
    }

    private static string Refused(string path) =>
        Assert.Throws<CheckpointFormatException>(() => LatentNoise.FromFile(path, Shape)).Message;

    private string Write(float[] values, params (string Name, long[] Shape)[] tensors)
    {
        SafetensorsWriter writer = new();
        foreach ((string name, long[] shape) in tensors)
        {
            writer.Add<float>(name, shape, values);
        }

        string path = Path.Combine(_folder, $"{Guid.NewGuid():N}.safetensors");
        writer.Save(path);
        return path;
    }
}
