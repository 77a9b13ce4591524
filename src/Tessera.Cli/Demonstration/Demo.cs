using Tessera.Attention;
using Tessera.Cli.Comparing;
using Tessera.Cli.Inputs;
using Tessera.Cli.Output;
using Tessera.Cli.Running;
using Tessera.Cli.Terminal;
using Tessera.Media.Formats;
using Tessera.Media.Frames;
using Tessera.Media.Reports;

namespace Tessera.Cli.Demonstration;

/// <summary>
/// The main job in one go: a clip becomes attention heads, every method attends over them, and the outputs become clips again.
/// </summary>
internal static class Demo
{
    private const string PageName = "index.html";
    private const string AnimationName = "attention.png";

    // Enough to see colour and motion and small enough to load at once.
    private const int AnimationHeight = 192;

    public static DemoReport Run(
        DemoRequest request, BackendCatalogue backends, IProgress<WorkStep> progress, CancellationToken cancellationToken)
    {
        (OutputFile page, OutputFile animation) = Prepare(request);
        progress.Report(new WorkStep("making attention heads of the clip", 0));
        LoadedInput input = InputLoader.Load(request.Input, cancellationToken);
        ClipSource clip = input.Clip
            ?? throw CommandException.BadInput(
                $"the demo needs a clip, and {request.Input.Source} holds tensors; use 'tessera attention compare' for them.");
        AttentionSession session = new(input.Tensors, input.Grid, backends, BackendSelector.Auto, repeat: 1, cancellationToken);
        IReadOnlyList<ComparedMethod> compared = MethodComparison.Run(
            session, Variants(request.Density), backends, new PartialProgress(progress, 0.05, 0.85));

        progress.Report(new WorkStep("drawing the animation", 0.85));
        ComparedMethod shown = compared.First(static one => one.Variant is { Method: "paro", Recipe: "int8" });
        VideoFrames[] panels = [clip.Frames, clip.Heads.Reconstruct(session.Dense.Output), clip.Heads.Reconstruct(shown.Measured.Output)];
        animation.Write(stream => stream.Write(ApngEncoder.Encode(FrameStrip.Join(panels, AnimationHeight))));
        cancellationToken.ThrowIfCancellationRequested();
        progress.Report(new WorkStep("drawing the report", 0.9));
        CompareReportData data = ReportPage.Gather(
            "Attention over a clip, skipped and quantised", input, session, compared, backends.Threads, request.Command, cancellationToken);
        page.Write(CompareReport.Render(data));
        return new DemoReport
        {
            Tessera = Doctor.Version,
            Processor = ProcessorInformation.Model,
            Threads = backends.Threads,
            Input = InputSummary.Of(input.Tensors, input.Grid),
            DenseSeconds = session.Dense.Wall.TotalSeconds,
            Rows = [.. compared.Select(static one => one.Row)],
            Page = page.FullPath,
            Animation = animation.FullPath,
        };
    }

    private static (OutputFile Page, OutputFile Animation) Prepare(DemoRequest request)
    {
        if (File.Exists(request.OutputFolder))
        {
            throw CommandException.BadInput($"output '{request.OutputFolder}' is a file; the demo writes a folder.");
        }

        try
        {
            Directory.CreateDirectory(request.OutputFolder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw CommandException.BadInput($"output folder '{request.OutputFolder}' cannot be made: {exception.Message}", exception);
        }

        return (
            OutputFile.Open(Path.Combine(request.OutputFolder, PageName), request.Input.Files),
            OutputFile.Open(Path.Combine(request.OutputFolder, AnimationName), request.Input.Files));
    }

    // Every method once in the formats of its paper, and PARO in all of ours.
    private static MethodVariant[] Variants(double density) =>
    [
        new("dense", null, "int8"),
        new("sage", null, null),
        new("paro", density, "none"),
        new("paro", density, "int8"),
        new("paro", density, "k4v4"),
        new("fps", density, null),
        new("sta", density, null),
        new("svg", density, null),
        new("sparge", density, null),
        new("sparge", density, "int8"),
    ];

    /// <summary>Progress of a part as progress of the whole.</summary>
    private sealed class PartialProgress(IProgress<WorkStep> whole, double from, double to) : IProgress<WorkStep>
    {
        public void Report(WorkStep value) => whole.Report(value with { Fraction = from + ((to - from) * value.Fraction) });
    }
}
