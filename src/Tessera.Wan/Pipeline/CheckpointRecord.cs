namespace Tessera.Wan.Pipeline;

/// <summary>A model by its files.</summary>
/// <param name="Folder">Folder as it was given.</param>
/// <param name="Layout">Layout of the files.</param>
/// <param name="Fingerprint">See <see cref="CheckpointFingerprint"/>.</param>
/// <param name="Parameters">Parameters of the transformer.</param>
/// <param name="Layers">Layers of the transformer.</param>
/// <param name="Dim">Width of the transformer.</param>
/// <param name="Heads">Attention heads of the transformer.</param>
public sealed record CheckpointRecord(
    string Folder, string Layout, string Fingerprint, long Parameters, int Layers, int Dim, int Heads);
