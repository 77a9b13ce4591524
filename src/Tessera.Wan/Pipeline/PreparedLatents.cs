using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.Pipeline;

/// <summary>The noise of a generation.</summary>
/// <param name="Shape">Shape of the latent.</param>
/// <param name="Noise">Standard normal numbers, [16, T, h, w].</param>
/// <param name="Source">Where they come from: the seed, or the hash of what a file held.</param>
internal sealed record PreparedLatents(LatentShape Shape, float[] Noise, string Source);
