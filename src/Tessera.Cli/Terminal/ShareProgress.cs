using System.Diagnostics;

namespace Tessera.Cli.Terminal;

/// <summary>Shares of one piece of work as steps of a progress bar.</summary>
/// <param name="what">The work.</param>
/// <param name="steps">The bar.</param>
internal sealed class ShareProgress(string what, IProgress<WorkStep> steps) : IProgress<double>
{
    public void Report(double value) => steps.Report(new WorkStep(what, value));

    /// <summary>Runs one piece of work under a bar.</summary>
    /// <returns>How long it took.</returns>
    public static TimeSpan Run(CommandConsole console, string what, Action<IProgress<double>> work) => ProgressDisplay.Run(console, steps =>
    {
        long start = Stopwatch.GetTimestamp();
        work(new ShareProgress(what, steps));
        return Stopwatch.GetElapsedTime(start);
    });
}
