using Spectre.Console;

namespace Tessera.Cli.Terminal;

/// <summary>One progress bar on standard error around long work; silent when standard error is no terminal.</summary>
internal static class ProgressDisplay
{
    public static T Run<T>(CommandConsole console, Func<IProgress<WorkStep>, T> work)
    {
        if (!console.ShowsProgress)
        {
            return work(Silence.Instance);
        }

        return console.Error.Progress()
            .AutoClear(true)
            .Columns(
                new SpinnerColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(),
                new PercentageColumn(), new ElapsedTimeColumn())
            .Start(context => work(new Bar(context.AddTask("starting", maxValue: 1))));
    }

    // Progress<T> would post to the thread pool and could report after the end; a bar must not.
    private sealed class Bar(ProgressTask task) : IProgress<WorkStep>
    {
        public void Report(WorkStep value)
        {
            task.Description = Markup.Escape(value.What);
            task.Value = Math.Clamp(value.Fraction, 0, 1);
        }
    }

    private sealed class Silence : IProgress<WorkStep>
    {
        public static Silence Instance { get; } = new();

        public void Report(WorkStep value)
        {
        }
    }
}
