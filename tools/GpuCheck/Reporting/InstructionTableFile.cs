using System.Text.RegularExpressions;
using GpuCheck.Probes;
using Tessera.Cuda.Driver;

namespace GpuCheck.Reporting;

/// <summary>The table of instructions with its column of what hardware proved. Immutable.</summary>
internal sealed class InstructionTableFile
{
    private const int ProvedColumn = 4;
    private const string Note = "# Proved: ";

    private readonly string[] _lines;

    private InstructionTableFile(string[] lines) => _lines = lines;

    /// <summary>Rows of the table.</summary>
    public int Rows => _lines.Count(IsRow);

    /// <summary>Rows that are proved.</summary>
    public int Proved => _lines.Count(static line => IsRow(line) && line.Split('\t')[ProvedColumn] == "yes");

    /// <summary>The table of this program.</summary>
    public static InstructionTableFile Embedded() => new(ProbeSource.Read("instructions.tsv").TrimEnd('\n').Split('\n'));

    /// <summary>
    /// A row becomes proved when every instruction of it that any kernel uses passed its probes, and loses that when one of them failed;
    /// what was not tried stays as it was.
    /// </summary>
    public InstructionTableFile With(StageReport report)
    {
        HashSet<string> passed = InstructionsOf(report, CheckOutcome.Passed);
        HashSet<string> failed = InstructionsOf(report, CheckOutcome.Failed);
        string[] used = [.. ProbeCatalogue.All.SelectMany(static probe => probe.Mnemonics).Distinct()];
        List<string> lines = [.. _lines.Where(static line => !line.StartsWith(Note, StringComparison.Ordinal))];
        lines.Insert(
            lines.FindIndex(static line => !line.StartsWith('#')),
            FormattableString.Invariant($"{Note}{report.Device!.Name} ({report.Device.ArchitectureName}), driver ")
                + $"{CudaVersion.Text(report.Device.DriverVersion)}, NVRTC {CudaVersion.Text(report.NvrtcVersion)}, {report.Time:yyyy-MM-dd}.");
        for (int i = 0; i < lines.Count; i++)
        {
            if (!IsRow(lines[i]))
            {
                continue;
            }

            string[] cells = lines[i].Split('\t');
            Regex pattern = new($"^(?:{cells[0]})$", RegexOptions.CultureInvariant);
            string[] own = [.. used.Where(mnemonic => pattern.IsMatch(mnemonic))];
            bool proved = own.Length > 0 && own.All(passed.Contains);
            cells[ProvedColumn] = own.Any(failed.Contains) ? "no" : proved ? "yes" : cells[ProvedColumn];
            lines[i] = string.Join('\t', cells);
        }

        return new InstructionTableFile([.. lines]);
    }

    public override string ToString() => string.Join('\n', _lines) + "\n";

    private static bool IsRow(string line) =>
        line.Length > 0 && !line.StartsWith('#') && !line.StartsWith("mnemonic\t", StringComparison.Ordinal);

    // A row of a process that ended says no more than the probe's name.
    private static HashSet<string> InstructionsOf(StageReport report, CheckOutcome outcome) =>
    [
        .. report.Rows.Where(row => row.Outcome == outcome).SelectMany(static row =>
            row.Instructions.Count > 0
                ? row.Instructions
                : ProbeCatalogue.All.FirstOrDefault(probe => probe.Name == row.Name)?.Mnemonics ?? []),
    ];
}
