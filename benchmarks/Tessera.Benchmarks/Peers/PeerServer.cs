using System.Diagnostics;
using System.Globalization;
using Tessera.Attention;

namespace Tessera.Benchmarks.Peers;

/// <summary>
/// A peer that stays alive as a child process and answers each line <c>OP H L D</c> with the seconds of one run, so that its runs can be
/// interleaved with ours.
/// </summary>
internal sealed class PeerServer : IContestant
{
    private readonly Process _process;
    private readonly string _operation;

    public PeerServer(string name, string operation, string program, string script, IReadOnlyDictionary<string, string> environment)
    {
        Name = name;
        _operation = operation;
        ProcessStartInfo start = new(program, [script]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach ((string key, string value) in environment)
        {
            start.Environment[key] = value;
        }

        _process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
    }

    public string Name { get; }

    public double Density => 1;

    public Sample Run(AttentionShape shape)
    {
        double before = ProcessorSeconds();
        _process.StandardInput.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_operation} {shape.Heads} {shape.QueryLength} {shape.HeadDim}"));
        _process.StandardInput.Flush();
        string answer = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"{Name} ended; run its script by hand to see why.");
        return double.TryParse(answer, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds)
            ? new Sample(seconds, ProcessorSeconds() - before)
            : throw new InvalidOperationException($"{Name} answered: {answer}");
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(5)))
        {
            _process.Kill(true);
        }

        _process.Dispose();
    }

    /// <summary>Time on a processor summed over all threads, in nanosecond resolution where the system offers it.</summary>
    private double ProcessorSeconds()
    {
        string tasks = $"/proc/{_process.Id}/task";
        if (!Directory.Exists(tasks))
        {
            _process.Refresh();
            return _process.TotalProcessorTime.TotalSeconds;
        }

        long nanoseconds = 0;
        foreach (string task in Directory.EnumerateDirectories(tasks))
        {
            nanoseconds += long.Parse(File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture);
        }

        return nanoseconds * 1e-9;
    }
}
