using System.Diagnostics;
using System.Globalization;
using Tessera.Attention;
using Tessera.Benchmarks.Timing;

namespace Tessera.Benchmarks.Peers;

/// <summary>
/// A peer that stays alive as a child process and answers each line <c>OP H L D</c> with the seconds of one run, so that its runs can be
/// interleaved with ours.
/// </summary>
internal sealed class PeerServer : IDisposable
{
    private const int LookMilliseconds = 3;
    private const int MostLooks = 200;
    private const double IdleShare = 0.05;

    private readonly Process _process;
    private readonly ProcessorClock _clock;

    /// <summary>Starts the script.</summary>
    /// <param name="engine">What answers.</param>
    /// <param name="folder">Folder of the script.</param>
    /// <param name="threads">Threads that the peer may use.</param>
    public PeerServer(PeerEngine engine, string folder, int threads)
    {
        Engine = engine;
        ProcessStartInfo start = new(engine.Program, [Path.Combine(folder, engine.Script)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["PEER_THREADS"] = threads.ToString(CultureInfo.InvariantCulture);
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{engine.Program} did not start.");
        _clock = new ProcessorClock(_process);
    }

    public PeerEngine Engine { get; }

    /// <summary>One run of a shape. The peer warms up by itself when it sees a shape for the first time.</summary>
    /// <exception cref="InvalidOperationException">The peer ended or answered with an error.</exception>
    public Sample Run(string operation, AttentionShape shape)
    {
        double processor = _clock.Seconds;
        _process.StandardInput.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{operation} {shape.Heads} {shape.QueryLength} {shape.HeadDim}"));
        _process.StandardInput.Flush();
        string answer = _process.StandardOutput.ReadLine()
            ?? throw new InvalidOperationException($"{Engine.Name} ended; run {Engine.Script} by hand to see why.");
        if (!double.TryParse(answer, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds))
        {
            throw new InvalidOperationException($"{Engine.Name} answered: {answer}");
        }

        Sample sample = new(seconds, _clock.Seconds - processor);
        WaitUntilIdle();
        return sample;
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

    /// <summary>
    /// Threads of OpenMP and OpenBLAS go on spinning after their work, for tens of milliseconds, and would take a core from whoever runs
    /// next.
    /// </summary>
    private void WaitUntilIdle()
    {
        for (int look = 0; look < MostLooks; look++)
        {
            double before = _clock.Seconds;
            Thread.Sleep(LookMilliseconds);
            if (_clock.Seconds - before < LookMilliseconds * 1e-3 * IdleShare)
            {
                return;
            }
        }
    }
}
