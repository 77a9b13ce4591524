using System.ComponentModel;
using System.Diagnostics;

namespace Tessera.Cuda.Emulation;

/// <summary>A compiler of this machine, called by name.</summary>
public sealed class HostCompiler
{
    private HostCompiler(string command, string version)
    {
        Command = command;
        Version = version;
    }

    /// <summary>Name it is called by.</summary>
    public string Command { get; }

    /// <summary>First line of its version.</summary>
    public string Version { get; }

    /// <summary>The C++ compiler that builds the emulator: <c>g++</c>, then <c>clang++-19</c>, <c>clang++</c>; null when none is there.</summary>
    public static HostCompiler? ForHost { get; } = Find("g++", "clang++-19", "clang++");

    /// <summary>The compiler that makes PTX: clang 19, exactly, since committed PTX is compared byte for byte; null when it is not there.</summary>
    public static HostCompiler? ForDevice { get; } = Find("clang-19");

    /// <summary>The shell that runs scripts of this repository.</summary>
    public static HostCompiler Shell { get; } = new("bash", "");

    /// <summary>Runs it and answers what it printed to its error stream; throws when it fails.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message is what it printed.</exception>
    public string Run(IEnumerable<string> arguments)
    {
        (int code, string output) = Start(Command, arguments);
        return code == 0 ? output : throw new InvalidOperationException($"{Command} failed:\n{output}");
    }

    private static HostCompiler? Find(params string[] commands)
    {
        foreach (string command in commands)
        {
            try
            {
                (int code, string output) = Start(command, ["--version"]);
                if (code == 0)
                {
                    return new HostCompiler(command, output.Split('\n')[0]);
                }
            }
            catch (Win32Exception)
            {
                // Not installed; the next one may be.
            }
        }

        return null;
    }

    private static (int Code, string Output) Start(string command, IEnumerable<string> arguments)
    {
        using Process process = new()
        {
            StartInfo = new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true },
        };
        process.Start();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }
}
