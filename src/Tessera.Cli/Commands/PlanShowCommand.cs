using System.CommandLine;
using Tessera.Cli.Output;
using Tessera.Cli.Plans;
using Tessera.Cli.Terminal;

namespace Tessera.Cli.Commands;

/// <summary><c>tessera plan show</c>.</summary>
internal sealed class PlanShowCommand : CommandWithExamples
{
    public PlanShowCommand(CommandConsole console)
        : base(
            "show", "Show what a plan file holds: orders, densities and kept mass per head.", "tessera plan show plan.safetensors",
            "tessera plan show plan.safetensors --json")
    {
        Argument<string> file = new("file") { Description = "A plan file." };
        Option<bool> json = JsonOption.Create();
        Arguments.Add(file);
        Options.Add(json);
        SetAction(parsed =>
        {
            string path = parsed.GetValue(file)!;
            PlanReport report = PlanReport.Of("plan show", path, PlanFiles.Read(path));
            JsonOutput.WriteOrPrint(console, parsed.GetValue(json), report, CliJsonContext.Default.PlanReport, PlanTable.Print);

            return ExitCode.Done;
        });
    }
}
