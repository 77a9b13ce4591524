namespace GpuCheck;

/// <summary>The command line: stages and two options.</summary>
/// <param name="Stages">Stages to run, in order.</param>
/// <param name="Folder">Where reports go.</param>
/// <param name="IsQuick">Whether sizes are cut down for a dry run.</param>
/// <param name="CacheFolder">Where compiled kernels are kept; null for the default.</param>
internal sealed record CheckArguments(IReadOnlyList<string> Stages, string Folder, bool IsQuick, string? CacheFolder)
{
    public const string Usage =
        "usage: GpuCheck STAGE... [--output FOLDER] [--quick] [--cache FOLDER]\n"
        + "stages: probe, quantize, attention, rows, smallest, timings, verify; all is probe to timings without smallest";

    /// <summary>Reads arguments; null with a fault.</summary>
    public static CheckArguments? Parse(string[] arguments, IReadOnlyList<string> known, out string? fault)
    {
        List<string> stages = [];
        string folder = Path.Combine(".gpu", "out");
        string? cache = null;
        bool quick = false;
        fault = null;
        for (int i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--quick":
                    quick = true;
                    break;
                case "--output" or "--cache" when i + 1 == arguments.Length:
                    fault = $"{arguments[i]} needs a folder";
                    return null;
                case "--output":
                    folder = arguments[++i];
                    break;
                case "--cache":
                    cache = arguments[++i];
                    break;
                case "all":
                    stages.AddRange(["probe", "quantize", "attention", "rows", "timings"]);
                    break;
                case var stage when known.Contains(stage):
                    stages.Add(stage);
                    break;
                case var other:
                    fault = $"'{other}' is no stage; wanted all, {string.Join(", ", known)}";
                    return null;
            }
        }

        fault = stages.Count == 0 ? "no stage was named" : null;
        return fault is null ? new CheckArguments(stages, folder, quick, cache) : null;
    }
}
