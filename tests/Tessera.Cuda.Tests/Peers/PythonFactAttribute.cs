using System.ComponentModel;
using System.Diagnostics;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Tests.Peers;

/// <summary>A test that runs a script with Python 3; skipped with the reason where it is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PythonFactAttribute : FactAttribute
{
    /// <summary>The interpreter.</summary>
    public const string Command = "python3";

    private static readonly string? Reason = Find();

    public PythonFactAttribute() => Skip = TestRoots.IsContinuousIntegration ? null : Reason;

    private static string? Find()
    {
        try
        {
            ProcessStartInfo start = new(Command, ["-c", "import sys; sys.exit(sys.version_info < (3, 9))"]) { RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            process.WaitForExit();
            return process.ExitCode == 0 ? null : "scripts need Python 3.9 or later";
        }
        catch (Win32Exception)
        {
            return "scripts need python3, which is not installed";
        }
    }
}
