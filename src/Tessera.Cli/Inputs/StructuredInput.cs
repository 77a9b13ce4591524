using Tessera.Synthesis;

namespace Tessera.Cli.Inputs;

/// <summary><c>--input structured</c>: seeded heads of all kinds on any grid, so that every command can be tried without a file.</summary>
internal static class StructuredInput
{
    /// <summary>The word in place of a file name.</summary>
    public const string Word = "structured";

    private const int DefaultHeadDim = 64;
    private const ulong Seed = 1;

    // One head of each kind.
    private static readonly int DefaultHeads = Enum.GetValues<HeadKind>().Length;

    public static LoadedInput Load(InputRequest request)
    {
        if (request.Grid is not { } grid)
        {
            throw CommandException.Usage($"--input {Word} needs --grid, for example --grid 5x9x10.");
        }

        StructuredHeads made = StructuredHeads.Create(grid, request.Heads ?? DefaultHeads, request.HeadDim ?? DefaultHeadDim, Seed);
        HeadTensors tensors = new(Word, made.Shape, 4, made.Query, made.Key, made.Value);
        return new LoadedInput(tensors, grid) { HeadNames = [.. made.Patterns.Select(static pattern => pattern.Kind.ToString())] };
    }
}
