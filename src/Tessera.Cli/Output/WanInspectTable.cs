using System.Globalization;
using Spectre.Console;

namespace Tessera.Cli.Output;

/// <summary>A checkpoint for people.</summary>
internal static class WanInspectTable
{
    public static void Print(IAnsiConsole output, WanInspectReport report)
    {
        output.MarkupLineInterpolated(
            $"[bold]{report.Checkpoint}[/]: {(report.Complete ? "a complete" : "an incomplete")} Wan2.1 model, {report.Layout} layout");
        Table table = ReportTable.Create(output, "part", "file", "names", ">tensors", ">parameters", "types", ">size");
        foreach (WanPartReport part in report.Parts)
        {
            table.AddRow(
                new Text(part.Part), new Text(part.File), new Text(part.Names ?? Figures.Absent), new Text(Count(part.Tensors)),
                new Text(Count(part.Parameters)), new Text(Types(part)),
                new Text(part.Bytes is { } bytes ? $"{bytes / 1e6:0.0} MB" : Figures.Absent));
        }

        output.Write(table);
        foreach (WanPartReport part in report.Parts.Where(static part => part.Sizes.Count > 0))
        {
            output.WriteLine($"{part.Part}: {string.Join(", ", part.Sizes.Select(static size => $"{size.Key} {size.Value}"))}");
        }

        foreach (WanPartReport part in report.Parts.Where(static part => part.Fault is not null))
        {
            output.WriteLine($"fault in {part.Part}: {part.Fault}");
        }

        if (report.Missing.Count > 0)
        {
            output.WriteLine($"missing: {string.Join(", ", report.Missing)}");
        }
    }

    private static string Count(long? count) => count?.ToString("N0", CultureInfo.InvariantCulture) ?? Figures.Absent;

    private static string Types(WanPartReport part) => part.Types.Count switch
    {
        0 => Figures.Absent,
        1 => part.Types.Keys.First(),
        _ => string.Join(", ", part.Types.Select(static type => $"{type.Key} {type.Value.ToString("N0", CultureInfo.InvariantCulture)}")),
    };
}
