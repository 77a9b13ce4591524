using System.CommandLine;
using Tessera.Cli.Commands;
using Tessera.Cli.Terminal;

namespace Tessera.Benchmarks.Commands;

/// <summary>Commands of the benchmark program beside those of BenchmarkDotNet.</summary>
internal static class BenchCommands
{
    public const string Cpu = "cpu";
    public const string Probe = "probe";

    public static Command CreateRoot(CommandConsole console) => new("./bench", "Measure Tessera on this machine.")
    {
        new CpuCommand(console),
        HelpWithExamples.CreateOption(),
    };
}
