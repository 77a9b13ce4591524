using System.Globalization;
using System.Text;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Sections;
using Tessera.Serialization;

namespace Tessera.Benchmarks.Reporting;

/// <summary>Writes the comparison with the yardstick into the README.</summary>
/// <param name="path">The README.</param>
internal sealed class ReadmeFigures(string path)
{
    private const string Region = "cpu";

    private static readonly Dictionary<string, string> Words = new()
    {
        ["fp32"] = "float32",
        ["int8"] = "int8",
        ["k4v4"] = "4-bit K and V, 8-bit Q",
    };

    /// <summary>Replaces the region by the figures of a section <c>peers</c>.</summary>
    /// <exception cref="InvalidDataException">The section had no yardstick to compare with, or the README has no region.</exception>
    public void Write(SectionReport peers, BenchEnvironment environment, CpuRequest request)
    {
        IReadOnlyList<PeerRow>[] tables = [.. peers.Tables.OfType<ReportTable<PeerRow>>().Select(static table => table.Rows)];
        if (tables.Any(static rows => rows.Any(static row => double.IsNaN(row.Ratio))))
        {
            throw new InvalidDataException("--readme needs ONNX Runtime to compare with; the README stays as it was.");
        }

        string content = Sentence(environment, request) + Table(tables);
        string text = MarkedRegion.Replace(File.ReadAllText(path), Region, content);
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));
    }

    private static string Sentence(BenchEnvironment environment, CpuRequest request)
    {
        string machine = $"{environment.Threads} threads of {environment.Processor} ({environment.InstructionSet})";
        return $"Attention of {request.Heads} heads over {request.Length} tokens, float32 in and out, {machine}, against ONNX Runtime's\n"
            + $"MultiHeadAttention in the same run (`./bench cpu --readme`; medians of {request.Repeat} interleaved runs, "
            + $"commit {environment.Commit}):\n\n";
    }

    private static string Table(IReadOnlyList<PeerRow>[] tables)
    {
        StringBuilder text = new("| |");
        foreach (IReadOnlyList<PeerRow> rows in tables)
        {
            text.Append($" D = {rows[0].HeadDim}: ms | against ONNX Runtime |");
        }

        text.Append("\n|---|").Insert(text.Length, "---:|", tables.Length * 2).Append('\n');
        for (int row = 0; row < tables[0].Count; row++)
        {
            text.Append($"| {Label(tables[0][row])} |");
            foreach (IReadOnlyList<PeerRow> rows in tables)
            {
                text.Append($" {Figures.Milliseconds(rows[row].Times.Median)} | {Figures.Factor(rows[row].Ratio)} |");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static string Label(PeerRow row)
    {
        string[] parts = row.Case.Split('@');
        return row.Case.Length == 0 ? row.Name
            : $"Tessera, {Words.GetValueOrDefault(parts[0], parts[0])}"
                + (parts.Length > 1 ? $", {double.Parse(parts[1], CultureInfo.InvariantCulture) * 100:0.#} % of 64x64 blocks" : "");
    }
}
