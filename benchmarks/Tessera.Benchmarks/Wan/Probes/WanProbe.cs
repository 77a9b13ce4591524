using System.CommandLine;
using System.Text.Json;
using Tessera.Benchmarks.Reporting;
using Tessera.Cli.Options;
using Tessera.Cli.Terminal;

namespace Tessera.Benchmarks.Wan.Probes;

/// <summary>A measurement in a process of its own that answers with one line of JSON; its first argument is a checkpoint folder.</summary>
internal abstract class WanProbe<T> : Command
{
    private readonly Argument<string> _checkpoint = new("checkpoint");
    private readonly Option<int> _threads = CountOption.Create("--threads", "Threads.", 0, 0, 1024);

    protected WanProbe(string name, CommandConsole console)
        : base(name)
    {
        Arguments.Add(_checkpoint);
        Options.Add(_threads);
        SetAction(parsed => console.OutputWriter.WriteLine(JsonSerializer.Serialize(
            Measure(parsed, parsed.GetValue(_checkpoint)!, parsed.GetValue(_threads)), BenchDocument.Format)));
    }

    /// <summary>Measures.</summary>
    protected abstract T Measure(ParseResult parsed, string checkpoint, int threads);
}
