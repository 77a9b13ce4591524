using System.Numerics.Tensors;
using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.Sampling;

/// <summary>The noise that a generation starts from: standard normal numbers of a seed, or those of a file.</summary>
/// <remarks>
/// Programs draw their noise with generators of their own, so equal seeds give equal videos within Tessera only. To compare with another
/// program, let it save its noise and read the file here.
/// </remarks>
public static class LatentNoise
{
    private const string TensorName = "noise";

    /// <summary>Standard normal numbers that depend on the seed and their position in the latent only.</summary>
    /// <param name="shape">Shape.</param>
    /// <param name="seed">Seed.</param>
    public static float[] FromSeed(LatentShape shape, ulong seed)
    {
        float[] values = new float[shape.Length];
        new NormalStream(seed, TensorName).Fill(0, values);
        return values;
    }

    /// <summary>
    /// Reads noise: a <c>.npy</c> file, or a safetensors or PyTorch file with a tensor named <c>noise</c>, <c>latents</c> or only one
    /// tensor. Leading extents of 1 may stand before the shape.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="shape">Shape that it must have.</param>
    /// <exception cref="CheckpointFormatException">It holds other tensors, another shape, or numbers that are not finite.</exception>
    /// <exception cref="IOException">It cannot be read, or is damaged.</exception>
    public static float[] FromFile(string path, LatentShape shape)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        (IReadOnlyList<long> found, float[] values) = Path.GetExtension(path).Equals(".npy", StringComparison.OrdinalIgnoreCase)
            ? ReadNumpy(path)
            : ReadTensor(path);
        long[] wanted = [LatentShape.Channels, shape.Frames, shape.Height, shape.Width];
        if (!found.SkipWhile((extent, at) => extent == 1 && found.Count - at > wanted.Length).SequenceEqual(wanted))
        {
            throw new CheckpointFormatException(
                $"{path}: the noise is [{string.Join(", ", found)}]; this video needs [{string.Join(", ", wanted)}] "
                    + "(channels, frames, height, width of the latent).");
        }

        return TensorPrimitives.IsFiniteAll<float>(values)
            ? values
            : throw new CheckpointFormatException($"{path}: the noise holds NaN or infinite numbers.");
    }

    private static (IReadOnlyList<long> Shape, float[] Values) ReadNumpy(string path)
    {
        NpyFile file = NpyFile.Read(path);
        return (file.Shape, file.Values);
    }

    private static (IReadOnlyList<long> Shape, float[] Values) ReadTensor(string path)
    {
        using ITensorSource source = Checkpoint.OpenSource(path);
        string? name = source.Tensors.Count == 1
            ? source.Tensors[0].Name
            : new[] { TensorName, "latents" }.FirstOrDefault(source.Contains);
        if (name is null)
        {
            string held = string.Join(", ", source.Tensors.Take(5).Select(static tensor => tensor.Name));
            throw new CheckpointFormatException(
                $"{path}: of {source.Tensors.Count} tensors ({held}) none is named '{TensorName}' or 'latents'.");
        }

        StoredTensor tensor = source.Tensor(name);
        return (tensor.Shape, tensor.ReadSingle());
    }
}
