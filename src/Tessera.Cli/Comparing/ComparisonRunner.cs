using Tessera.Cli.Inputs;
using Tessera.Cli.Output;
using Tessera.Cli.Running;
using Tessera.Cli.Terminal;
using Tessera.Media.Reports;

namespace Tessera.Cli.Comparing;

/// <summary>The work of <c>tessera attention compare</c>.</summary>
internal static class ComparisonRunner
{
    public static ComparisonReport Execute(
        CompareRequest request, BackendCatalogue backends, IProgress<WorkStep> progress, CancellationToken cancellationToken)
    {
        OutputFile? page = request.ReportPath is { } path ? OutputFile.Open(path, request.Input.Files) : null;
        progress.Report(new WorkStep($"reading {request.Input.Source}", 0));
        LoadedInput input = InputLoader.Load(request.Input, cancellationToken);
        AttentionSession session = new(input.Tensors, input.Grid, backends, request.Backend, request.Repeat, cancellationToken);
        IReadOnlyList<MethodVariant> variants = MethodComparison.Variants(request.Methods, request.Densities, request.Formats);
        IReadOnlyList<ComparedMethod> compared = MethodComparison.Run(session, variants, backends, progress);
        if (page is not null)
        {
            progress.Report(new WorkStep("drawing the report", 0.99));
            CompareReportData data = ReportPage.Gather(
                $"Attention methods on {request.Input.Source}", input, session, compared, backends.Threads, request.Command,
                cancellationToken);
            page.Write(CompareReport.Render(data));
        }

        return new ComparisonReport
        {
            Tessera = Doctor.Version,
            Processor = ProcessorInformation.Model,
            Threads = backends.Threads,
            Input = InputSummary.Of(input.Tensors, input.Grid),
            DenseSeconds = session.Dense.Wall.TotalSeconds,
            Rows = [.. compared.Select(static one => one.Row)],
            Report = page?.FullPath,
        };
    }
}
