using System.Globalization;

namespace GpuCheck;

/// <summary>The command line: stages and options.</summary>
/// <param name="Stages">Stages to run, in order.</param>
/// <param name="Folder">Where reports go.</param>
internal sealed record CheckArguments(IReadOnlyList<string> Stages, string Folder)
{
    public const string Usage =
        "usage: GpuCheck STAGE... [--output FOLDER] [--quick] [--cache FOLDER] [--seconds N] [--limit N] [--in-process]\n"
        + "stages: probe, instructions, ceilings, quantize, attention, rows, smallest, timings, tune, verify;\n"
        + "        m0 is probe, instructions, ceilings; all is every one but smallest, tune and verify";

    private static readonly string[] First = ["probe", "instructions", "ceilings"];

    /// <summary>Whether sizes are cut down for a dry run.</summary>
    public bool IsQuick { get; init; }

    /// <summary>Where compiled kernels are kept; null for the default.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>Seconds a stage may take, where that is less than its own budget.</summary>
    public double? Seconds { get; init; }

    /// <summary>Seconds a case may take from row to row, where that is less than its own limit.</summary>
    public double? Limit { get; init; }

    /// <summary>Whether stages run in this very process, for tools that look into it.</summary>
    public bool IsInProcess { get; init; }

    /// <summary>For a process that runs cases for another one: the first of them; null otherwise.</summary>
    public int? WorkerFrom { get; init; }

    /// <summary>Reads arguments; null with a fault.</summary>
    public static CheckArguments? Parse(string[] arguments, IReadOnlyList<string> known, out string? fault)
    {
        List<string> stages = [];
        CheckArguments read = new(stages, Path.Combine(".gpu", "work"));
        fault = null;
        for (int i = 0; i < arguments.Length && fault is null; i++)
        {
            string name = arguments[i];
            if (name is "--output" or "--cache" or "--seconds" or "--limit" or "--worker")
            {
                read = ++i < arguments.Length ? WithValue(read, name, arguments[i], out fault) : read;
                fault ??= i < arguments.Length ? null : $"{name} needs a value";
                continue;
            }

            switch (name)
            {
                case "--quick":
                    read = read with { IsQuick = true };
                    break;
                case "--in-process":
                    read = read with { IsInProcess = true };
                    break;
                case "m0":
                    stages.AddRange(First);
                    break;
                case "all":
                    stages.AddRange([.. First, "quantize", "attention", "rows", "timings"]);
                    break;
                case var stage when known.Contains(stage):
                    stages.Add(stage);
                    break;
                default:
                    fault = $"'{name}' is no stage; wanted m0, all, {string.Join(", ", known)}";
                    break;
            }
        }

        fault ??= stages.Count == 0 ? "no stage was named" : null;
        return fault is null ? read : null;
    }

    private static CheckArguments WithValue(CheckArguments read, string name, string value, out string? fault)
    {
        fault = null;
        if (name is "--output" or "--cache")
        {
            return name == "--output" ? read with { Folder = value } : read with { CacheFolder = value };
        }

        if (!double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) || number < 0)
        {
            fault = $"{name} is '{value}'; wanted a number of at least 0";
            return read;
        }

        return name switch
        {
            "--seconds" => read with { Seconds = number },
            "--limit" => read with { Limit = number },
            _ => read with { WorkerFrom = (int)number },
        };
    }
}
