using System.Text.Json;

namespace Tessera.Wan.Pipeline;

/// <summary>Everything needed to repeat a generation and to judge it, written beside the video as JSON.</summary>
public sealed record GenerationRecord
{
    /// <summary>Version of the document; grows when a field changes its meaning or disappears.</summary>
    public int Version { get; init; } = 1;

    /// <summary>Version of the program.</summary>
    public required string Tessera { get; init; }

    /// <summary>Command line that made the video, where one did.</summary>
    public string? Command { get; init; }

    /// <summary>When the video was finished, UTC.</summary>
    public required DateTimeOffset Finished { get; init; }

    /// <summary>What was asked for, with every default filled in.</summary>
    public required RequestRecord Request { get; init; }

    /// <summary>The model.</summary>
    public required CheckpointRecord Checkpoint { get; init; }

    /// <summary>Noise levels.</summary>
    public required SamplerRecord Sampler { get; init; }

    /// <summary>Self-attention.</summary>
    public required AttentionRecord Attention { get; init; }

    /// <summary>How it was computed, by stretches of steps: one, unless it was resumed in another arithmetic.</summary>
    public required IReadOnlyList<ArithmeticSpan> Arithmetic { get; init; }

    /// <summary>Where it ran.</summary>
    public required MachineRecord Machine { get; init; }

    /// <summary>Where the time went.</summary>
    public required TimingRecord Timings { get; init; }

    /// <summary>Largest resident memory of the process, mapped weights included.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>SHA-256 of the frames as RGB bytes, in hexadecimal: equal requests on equal machines give equal hashes.</summary>
    public required string FramesSha256 { get; init; }

    /// <summary>What a reader of the video must know, for example that a prompt was cut.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The record as indented JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, GenerationJson.Readable.GenerationRecord);
}
