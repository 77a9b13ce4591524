using Tessera.Cli.Output;
using Tessera.Media;
using Tessera.Wan.Pipeline;

namespace Tessera.Cli.Generating;

/// <summary>One generation from checked places to written files.</summary>
/// <param name="Output">Where the video goes.</param>
/// <param name="Request">What it is.</param>
/// <param name="Resumes">Whether an interrupted one is continued.</param>
/// <param name="Command">The command line, for the record.</param>
internal sealed record GenerationSession(OutputFile Output, GenerationRequest Request, bool Resumes, string Command)
{
    /// <summary>Whether the continued one may have been begun in another arithmetic.</summary>
    public bool AllowsOtherArithmetic { get; init; }

    /// <summary>Checks the place of the video and of its record, and that its format can be written here.</summary>
    /// <param name="path">As the user gave it.</param>
    /// <param name="inputs">Files that must not be overwritten.</param>
    public static OutputFile Open(string path, IReadOnlyList<string?> inputs)
    {
        ClipFile.RequireWriter(path);
        OutputFile output = OutputFile.Open(path, inputs);
        _ = OutputFile.Open(GenerationResult.RecordPath(path), inputs);
        return output;
    }

    /// <summary>Generates and writes.</summary>
    /// <exception cref="CommandException">Cancelled with a state to resume; the message says how.</exception>
    public GenerateReport Run(WanPipeline pipeline, GenerationDisplay display, CancellationToken cancellationToken)
    {
        ResumeFile resume = ResumeFile.ForOutput(Output.FullPath) with
        {
            Continues = Resumes,
            AllowsOtherArithmetic = AllowsOtherArithmetic,
        };
        RequireUsable(resume);
        GenerationResult result;
        try
        {
            result = pipeline.GenerateAsync(Request, resume, display, cancellationToken).GetAwaiter().GetResult();
            result = result with { Record = result.Record with { Command = Command } };
            display.Saving();
            result.SaveAsync(Output.FullPath, cancellationToken).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (resume.Exists)
        {
            throw new CommandException(
                ExitCode.Cancelled,
                $"cancelled after step {display.StepsDone} of {Request.StepCount}, which is kept in {resume.Path}; the same command with "
                    + "--resume goes on from there");
        }

        resume.Delete();
        return new GenerateReport
        {
            Output = Output.FullPath,
            RecordFile = GenerationResult.RecordPath(Output.FullPath),
            Record = result.Record,
        };
    }

    // The library says this in its own words; here the remedy is an option.
    private static void RequireUsable(ResumeFile resume)
    {
        if (resume is { Continues: true, Exists: false })
        {
            throw CommandException.BadInput(
                $"there is no interrupted generation to resume: {resume.Path} does not exist; give the same --output, or leave --resume "
                    + "out.");
        }

        if (resume is { Continues: false, Exists: true })
        {
            throw CommandException.BadInput(
                $"{resume.Path} keeps an interrupted generation of this output; continue it with --resume, or remove it to start anew.");
        }
    }
}
