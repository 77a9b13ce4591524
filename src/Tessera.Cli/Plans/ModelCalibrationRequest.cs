using Tessera.Wan.Autoencoder;
using Tessera.Wan.Sampling;

namespace Tessera.Cli.Plans;

/// <summary>Dense generations to calibrate in.</summary>
/// <param name="Checkpoint">Folder of the model.</param>
/// <param name="PromptsPath">Text file with a prompt a line.</param>
/// <param name="Latent">Latent of the video.</param>
internal sealed record ModelCalibrationRequest(string Checkpoint, string PromptsPath, LatentShape Latent)
{
    public required string NegativePrompt { get; init; }

    public required int Steps { get; init; }

    /// <summary>Flow shift; null takes the checkpoint's.</summary>
    public required double? Shift { get; init; }

    public required double Guidance { get; init; }

    public required Solver Solver { get; init; }

    public required ulong Seed { get; init; }

    public required int Groups { get; init; }

    /// <summary>Steps that are looked at; empty for the default.</summary>
    public required IReadOnlyList<int> ObservedSteps { get; init; }

    public required int? DenseSteps { get; init; }

    public required int? DenseLayers { get; init; }

    /// <summary>Folder of the state; null stands beside the output.</summary>
    public required string? StateFolder { get; init; }

    /// <summary>Whether to write a line for each step to standard error.</summary>
    public required bool LogsSteps { get; init; }
}
