using Tessera.Neural.Checkpoints;

namespace Tessera.Wan.Checkpoints;

/// <summary>
/// Sizes of the Wan2.1 video autoencoder (<c>WanVAE_</c>): widths b, 2b, 4b, 4b, two residual blocks a level, time halved at the second
/// and third. Source: Wan2.1, <c>wan/modules/vae.py</c>.
/// </summary>
public sealed record WanVaeConfig
{
    /// <summary>Width b of the first level; 96 in the released model.</summary>
    public int BaseDim { get; init; } = 96;

    /// <summary>Channels of the latent.</summary>
    public int Channels { get; init; } = 16;

    /// <summary>Mean of each latent channel, subtracted after encoding and added before decoding.</summary>
    public IReadOnlyList<float> LatentMean { get; init; } =
        [-0.7571f, -0.7089f, -0.9113f, 0.1075f, -0.1745f, 0.9653f, -0.1517f, 1.5508f,
         0.4134f, -0.0715f, 0.5517f, -0.3632f, -0.1922f, -0.9497f, 0.2503f, -0.2921f];

    /// <summary>Standard deviation of each latent channel.</summary>
    public IReadOnlyList<float> LatentDeviation { get; init; } =
        [2.8184f, 1.4541f, 2.3275f, 2.6558f, 1.2196f, 1.7708f, 2.6052f, 2.0743f,
         3.2687f, 2.1526f, 2.8652f, 1.5579f, 1.6382f, 1.1253f, 2.8251f, 1.9160f];

    /// <summary>Reads <c>config.json</c> of the diffusers layout; the original has none.</summary>
    /// <exception cref="CheckpointFormatException">The file is damaged, or describes a model that is not implemented.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static WanVaeConfig Read(string path)
    {
        ConfigFile file = ConfigFile.Read(path);
        file.Require("dim_mult", "[1,2,4,4]");
        file.Require("num_res_blocks", "2");
        file.Require("attn_scales", "[]");
        file.Require("temperal_downsample", "[false,true,true]");
        file.Require("z_dim", "16");
        WanVaeConfig released = new();
        float[]? deviation = file.Numbers("latents_std", released.Channels);
        return deviation?.Any(static one => one <= 0) == true
            ? throw file.Fault("'latents_std' holds a number that is not positive")
            : released with
            {
                BaseDim = file.Integer("base_dim", 96, 1, 1 << 12),
                LatentMean = file.Numbers("latents_mean", released.Channels) ?? released.LatentMean,
                LatentDeviation = deviation ?? released.LatentDeviation,
            };
    }

    /// <summary>Infers the width from weights without a configuration.</summary>
    /// <exception cref="CheckpointFormatException">The weights are those of another model.</exception>
    public static WanVaeConfig FromWeights(Checkpoint weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return new WanVaeConfig { BaseDim = new WeightShapes(weights).Extent("encoder.conv1.weight", 0) };
    }

    /// <summary>Every tensor of the model, in the original naming.</summary>
    public IEnumerable<TensorSpecification> Tensors()
    {
        int b = BaseDim;
        return
        [
            .. Conv3("encoder.conv1", b, 3), .. Residual("encoder.downsamples.0", b, b), .. Residual("encoder.downsamples.1", b, b),
            .. Resample("encoder.downsamples.2", b, b), .. Residual("encoder.downsamples.3", b, 2 * b),
            .. Residual("encoder.downsamples.4", 2 * b, 2 * b), .. Resample("encoder.downsamples.5", 2 * b, 2 * b),
            .. TimeConv("encoder.downsamples.5", 2 * b, 2 * b), .. Residual("encoder.downsamples.6", 2 * b, 4 * b),
            .. Residual("encoder.downsamples.7", 4 * b, 4 * b), .. Resample("encoder.downsamples.8", 4 * b, 4 * b),
            .. TimeConv("encoder.downsamples.8", 4 * b, 4 * b), .. Residual("encoder.downsamples.9", 4 * b, 4 * b),
            .. Residual("encoder.downsamples.10", 4 * b, 4 * b), .. Middle("encoder", 4 * b), .. Head("encoder", 2 * Channels, 4 * b),
            .. Conv("conv1", 2 * Channels, 2 * Channels, 1, 1, 1), .. Conv("conv2", Channels, Channels, 1, 1, 1), .. Decoder(b),
        ];
    }

    private IEnumerable<TensorSpecification> Decoder(int b)
    {
        // Level by level: width in, width of its three residual blocks, whether time doubles behind it. The upsampling halves the width.
        (int In, int Width, bool DoublesTime)[] levels = [(4 * b, 4 * b, true), (2 * b, 4 * b, true), (2 * b, 2 * b, false), (b, b, false)];
        List<TensorSpecification> tensors = [.. Conv3("decoder.conv1", 4 * b, Channels), .. Middle("decoder", 4 * b)];
        int index = 0;
        for (int level = 0; level < levels.Length; level++)
        {
            (int input, int width, bool doublesTime) = levels[level];
            for (int block = 0; block < 3; block++)
            {
                tensors.AddRange(Residual($"decoder.upsamples.{index++}", block == 0 ? input : width, width));
            }

            if (level < levels.Length - 1)
            {
                string name = $"decoder.upsamples.{index++}";
                tensors.AddRange(Resample(name, width, width / 2));
                tensors.AddRange(doublesTime ? TimeConv(name, width, 2 * width) : []);
            }
        }

        return [.. tensors, .. Head("decoder", 3, b)];
    }

    private static IEnumerable<TensorSpecification> Conv(string name, int outputs, int inputs, params IEnumerable<long> kernel) =>
        [new($"{name}.weight", [outputs, inputs, .. kernel]), new($"{name}.bias", outputs)];

    private static IEnumerable<TensorSpecification> Conv3(string name, int outputs, int inputs) => Conv(name, outputs, inputs, 3, 3, 3);

    private static IEnumerable<TensorSpecification> Residual(string name, int inputs, int outputs) =>
    [
        new($"{name}.residual.0.gamma", inputs, 1, 1, 1), .. Conv3($"{name}.residual.2", outputs, inputs),
        new($"{name}.residual.3.gamma", outputs, 1, 1, 1), .. Conv3($"{name}.residual.6", outputs, outputs),
        .. inputs == outputs ? [] : Conv($"{name}.shortcut", outputs, inputs, 1, 1, 1),
    ];

    private static IEnumerable<TensorSpecification> Resample(string name, int inputs, int outputs) =>
        Conv($"{name}.resample.1", outputs, inputs, 3, 3);

    private static IEnumerable<TensorSpecification> TimeConv(string name, int inputs, int outputs) =>
        Conv($"{name}.time_conv", outputs, inputs, 3, 1, 1);

    private static IEnumerable<TensorSpecification> Middle(string part, int width) =>
    [
        .. Residual($"{part}.middle.0", width, width), new($"{part}.middle.1.norm.gamma", width, 1, 1),
        .. Conv($"{part}.middle.1.to_qkv", 3 * width, width, 1, 1), .. Conv($"{part}.middle.1.proj", width, width, 1, 1),
        .. Residual($"{part}.middle.2", width, width),
    ];

    private static IEnumerable<TensorSpecification> Head(string part, int outputs, int width) =>
        [new($"{part}.head.0.gamma", width, 1, 1, 1), .. Conv3($"{part}.head.2", outputs, width)];
}
