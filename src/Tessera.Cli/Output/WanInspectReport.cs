namespace Tessera.Cli.Output;

/// <summary>What <c>tessera wan inspect</c> found in a folder.</summary>
internal sealed record WanInspectReport : Report
{
    public override string Command => "wan inspect";

    /// <summary>The folder.</summary>
    public required string Checkpoint { get; init; }

    /// <summary><c>original</c> or <c>diffusers</c>.</summary>
    public required string Layout { get; init; }

    /// <summary>Whether every part is there and holds exactly the tensors of its configuration.</summary>
    public required bool Complete { get; init; }

    /// <summary>Files that a whole model has and this one lacks, in words.</summary>
    public required IReadOnlyList<string> Missing { get; init; }

    public required IReadOnlyList<WanPartReport> Parts { get; init; }
}

/// <summary>One part of a model.</summary>
internal sealed record WanPartReport
{
    /// <summary><c>transformer</c>, <c>textEncoder</c>, <c>vae</c> or <c>tokenizer</c>.</summary>
    public required string Part { get; init; }

    /// <summary>File relative to the folder.</summary>
    public required string File { get; init; }

    /// <summary>How the file names its tensors; null for a tokenizer or a part that cannot be used.</summary>
    public string? Names { get; init; }

    public int? Tensors { get; init; }

    public long? Parameters { get; init; }

    /// <summary>Bytes of the tensors.</summary>
    public long? Bytes { get; init; }

    /// <summary>Parameters by element type, as safetensors calls it.</summary>
    public IReadOnlyDictionary<string, long> Types { get; init; } = new Dictionary<string, long>();

    /// <summary>Sizes of the configuration.</summary>
    public IReadOnlyDictionary<string, long> Sizes { get; init; } = new Dictionary<string, long>();

    /// <summary>Why the part cannot be used, or null.</summary>
    public string? Fault { get; init; }
}
