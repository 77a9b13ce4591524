using System.Diagnostics;
using System.Text;

namespace Tessera.Media.Ffmpeg;

/// <summary>
/// A running ffmpeg or ffprobe. Arguments are passed as a list, never through a shell; what it complains about is kept (last lines only);
/// cancelling or disposing kills it with its children.
/// </summary>
internal sealed class FfmpegProcess : IAsyncDisposable
{
    private const int KeptComplaints = 4096;

    private readonly Process _process;
    private readonly Task<string> _complaints;
    private readonly CancellationTokenRegistration _cancellation;

    private FfmpegProcess(Process process, CancellationToken cancellationToken)
    {
        _process = process;
        _complaints = ReadTailAsync(process.StandardError);
        _cancellation = cancellationToken.Register(Kill);
    }

    /// <summary>Its standard output.</summary>
    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>Its standard input.</summary>
    public Stream Input => _process.StandardInput.BaseStream;

    /// <summary>Starts a program.</summary>
    public static FfmpegProcess Start(string program, IEnumerable<string> arguments, bool writesInput, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ProcessStartInfo start = new(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = writesInput,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        return new FfmpegProcess(process, cancellationToken);
    }

    /// <summary>Waits for the end and gives the exit code.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the program has been killed.</exception>
    public async Task<int> WaitAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return _process.ExitCode;
    }

    /// <summary>What it wrote to standard error, on one line; call after its end.</summary>
    public async Task<string> ReadComplaintsAsync()
    {
        string text = (await _complaints.ConfigureAwait(false)).ReplaceLineEndings("; ").Trim(' ', ';');
        return text.Length == 0 ? "it gave no reason" : text;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _cancellation.DisposeAsync().ConfigureAwait(false);
        Kill();
        await _process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        _ = await _complaints.ConfigureAwait(false);
        _process.Dispose();
    }

    private void Kill()
    {
        try
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
            }
        }
        catch (InvalidOperationException)
        {
            // It ended between the question and the kill.
        }
    }

    private static async Task<string> ReadTailAsync(StreamReader reader)
    {
        StringBuilder tail = new();
        char[] buffer = new char[1024];
        for (int got; (got = await reader.ReadAsync(buffer).ConfigureAwait(false)) > 0;)
        {
            tail.Append(buffer, 0, got);
            if (tail.Length > KeptComplaints)
            {
                tail.Remove(0, tail.Length - KeptComplaints);
            }
        }

        return tail.ToString();
    }
}
