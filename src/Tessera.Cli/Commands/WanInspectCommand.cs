using System.CommandLine;
using Tessera.Cli.Inspecting;
using Tessera.Cli.Output;
using Tessera.Cli.Terminal;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera wan inspect</c>.</summary>
internal sealed class WanInspectCommand : CommandWithExamples
{
    public WanInspectCommand(CommandConsole console)
        : base(
            "inspect", "Describe a Wan2.1 checkpoint: configuration, element types, parameter counts, and what is missing or wrong.",
            "tessera wan inspect Wan2.1-T2V-1.3B", "tessera wan inspect Wan2.1-T2V-1.3B --values --json")
    {
        Argument<string> folder = new("folder") { Description = "A checkpoint folder in the original layout or that of diffusers." };
        Option<bool> values = new("--values")
        {
            Description = "Read all weights too and report NaN and infinities; takes as long as reading the files.",
        };
        Option<bool> json = JsonOption.Create();
        Arguments.Add(folder);
        Options.Add(values);
        Options.Add(json);
        SetAction(parsed =>
        {
            WanInspectReport report = CheckpointInspector.Inspect(parsed.GetValue(folder)!, parsed.GetValue(values));
            JsonOutput.WriteOrPrint(console, parsed.GetValue(json), report, CliJsonContext.Default.WanInspectReport, WanInspectTable.Print);

            return report.Parts.FirstOrDefault(static part => part.Fault is not null) is { } broken
                ? throw CommandException.BadInput($"the {broken.Part} cannot be used: {broken.Fault}")
                : ExitCode.Done;
        });
    }
}
