using System.Security.Cryptography;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Sampling;

namespace Tessera.Wan.Pipeline;

/// <summary>Second stage: the noise that denoising starts from.</summary>
internal static class LatentPreparation
{
    /// <summary>Draws or reads the noise.</summary>
    /// <exception cref="Tessera.Neural.Checkpoints.CheckpointFormatException">The file of the noise does not fit.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static PreparedLatents Run(LatentShape shape, ulong seed, string? noisePath)
    {
        float[] noise = noisePath is null ? LatentNoise.FromSeed(shape, seed) : LatentNoise.FromFile(noisePath, shape);
        string source = noisePath is null
            ? FormattableString.Invariant($"seed {seed}")
            : $"file {Convert.ToHexStringLower(SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(noise)))}";
        return new PreparedLatents(shape, noise, source);
    }
}
