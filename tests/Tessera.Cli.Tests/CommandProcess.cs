using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tessera.Cli.Tests;

/// <summary>A command in a process of its own, for what cannot be done to the process of the tests: other processor features, and death.</summary>
internal sealed partial class CommandProcess : IDisposable
{
    // SIGSTOP and SIGCONT, which .NET does not send.
    private const int LinuxStop = 19;
    private const int LinuxContinue = 18;
    private const int MacStop = 17;
    private const int MacContinue = 19;

    private readonly Process _process;

    private CommandProcess(Process process) => _process = process;

    public bool HasExited => _process.HasExited;

    /// <summary>Starts the command line of this build.</summary>
    /// <param name="variables">Environment beside that of this process.</param>
    /// <param name="arguments">As in a shell.</param>
    public static CommandProcess Start(IReadOnlyDictionary<string, string> variables, params string[] arguments)
    {
        ProcessStartInfo start = new(Host, [Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value;
        }

        Process process = Process.Start(start)!;
        process.BeginOutputReadLine(); // A full pipe would stop it.
        return new CommandProcess(process);
    }

    /// <summary>Starts it with settings of the runtime in place of its own.</summary>
    /// <param name="settings">A <c>runtimeconfig.json</c>.</param>
    /// <param name="arguments">As in a shell.</param>
    public static CommandProcess StartWith(string settings, params string[] arguments) => new(Process.Start(
        new ProcessStartInfo(Host, ["exec", "--runtimeconfig", settings, Program, .. arguments]) { RedirectStandardOutput = true })!);

    /// <summary>All of standard output, at the end of the process, which must be a success.</summary>
    public string ReadOutput()
    {
        string output = _process.StandardOutput.ReadToEnd();
        _process.WaitForExit();
        Xunit.Assert.Equal(0, _process.ExitCode);
        return output;
    }

    /// <summary>The next line on standard error; null at the end.</summary>
    public string? ReadErrorLine() => _process.StandardError.ReadLine();

    /// <summary>Ends the process without letting it do anything more, and says what it ended with: 137 where this did it.</summary>
    public int Kill()
    {
        _process.Kill();
        _process.WaitForExit();
        return _process.ExitCode;
    }

    /// <summary>Stops all threads where they are.</summary>
    public void Suspend() => Send(OperatingSystem.IsMacOS() ? MacStop : LinuxStop);

    /// <summary>Lets them go on.</summary>
    public void Resume() => Send(OperatingSystem.IsMacOS() ? MacContinue : LinuxContinue);

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "Tessera.Cli.dll");

    // The tests themselves may run in a host of their own, so the command that started them is found from the runtime.
    private static string Host => Path.GetFullPath(
        Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));

    private void Send(int signal)
    {
        if (SendSignal(_process.Id, signal) != 0 && !_process.HasExited)
        {
            throw new InvalidOperationException($"Signal {signal} could not be sent: error {Marshal.GetLastPInvokeError()}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);
}
