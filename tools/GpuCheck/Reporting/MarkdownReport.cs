using System.Globalization;
using System.Text;

namespace GpuCheck.Reporting;

/// <summary>Stages as tables for people.</summary>
internal static class MarkdownReport
{
    public static string Of(StageReport stage)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"## {stage.Stage}: {stage.Purpose}\n\n");
        text.Append(stage.Device is { } device
            ? $"{device.Name} ({device.ArchitectureName}), driver {Version(device.DriverVersion)}, NVRTC {Version(stage.NvrtcVersion)}, "
            : "no device, ");
        text.Append(CultureInfo.InvariantCulture, $"{stage.Time:yyyy-MM-dd HH:mm} UTC, {stage.Seconds:0.0} s");
        text.Append(stage.IsQuick ? ", quick: proves nothing of hardware" : "");
        text.Append(stage.IsComplete ? "\n\n" : ", **stopped before its end**\n\n");
        text.Append("| check | outcome | value | bound | unit | detail |\n| --- | --- | --- | --- | --- | --- |\n");
        foreach (CheckRow row in stage.Rows)
        {
            string detail = row.Detail.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal);
            text.Append(CultureInfo.InvariantCulture,
                $"| {row.Name} | {Word(row.Outcome)} | {Number(row.Value)} | {Number(row.Bound)} | {row.Unit} | {detail} |\n");
        }

        return text.Append('\n').ToString();
    }

    private static string Word(CheckOutcome outcome) => outcome switch
    {
        CheckOutcome.Passed => "passed",
        CheckOutcome.Failed => "**FAILED**",
        CheckOutcome.Skipped => "skipped",
        _ => "",
    };

    private static string Number(double? value) => value is { } number
        ? number.ToString(Math.Abs(number) is >= 100 or 0 ? "0.#" : "g3", CultureInfo.InvariantCulture)
        : "";

    private static string Version(int version) =>
        version == 0 ? "none" : string.Create(CultureInfo.InvariantCulture, $"{version / 1000}.{version % 1000 / 10}");
}
