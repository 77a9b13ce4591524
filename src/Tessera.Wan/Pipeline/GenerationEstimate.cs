using System.Globalization;
using Tessera.Layout;

namespace Tessera.Wan.Pipeline;

/// <summary>What a generation will need, computed from shapes and the machine before any work.</summary>
/// <remarks>
/// Memory is counted from the layouts that the stages use. Time is operations over the rates of a <see cref="MachineSpeed"/>; each part
/// says where its rate comes from. Left out are compilation of the program, planning by methods that plan in each call, and reading
/// weights from a disk.
/// </remarks>
public sealed record GenerationEstimate
{
    /// <summary>Columns of pixels.</summary>
    public required int Width { get; init; }

    /// <summary>Rows of pixels.</summary>
    public required int Height { get; init; }

    /// <summary>Frames.</summary>
    public required int FrameCount { get; init; }

    /// <summary>Tokens of the transformer.</summary>
    public required TokenGrid Tokens { get; init; }

    /// <summary>Stages in order.</summary>
    public required IReadOnlyList<StageEstimate> Stages { get; init; }

    /// <summary>Expected seconds of each denoising step.</summary>
    public required IReadOnlyList<double> StepSeconds { get; init; }

    /// <summary>Memory besides mapped weights that the largest stage needs; a machine must have it.</summary>
    public long MemoryBytes => Stages.Max(static stage => stage.MemoryBytes);

    /// <summary>The same with the weights of the stage: with less, weights are reread from disk as they are used.</summary>
    public long ResidentBytes => Stages.Max(static stage => stage.MemoryBytes + stage.WeightBytes);

    /// <summary>Expected seconds in all.</summary>
    public double Seconds => Stages.Sum(static stage => stage.Seconds);

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Width}x{Height} with {FrameCount} {(FrameCount == 1 ? "frame" : "frames")} ({Tokens.Tokens:N0} tokens, "
            + $"{ResidentBytes / 1e9:0.0} GB, about {Duration(Seconds)})");

    private static string Duration(double seconds) => seconds switch
    {
        < 1 => "a second",
        < 100 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s"),
        < 100 * 60 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min"),
        < 100 * 3600 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.0} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 86400:0.0} days"),
    };
}
