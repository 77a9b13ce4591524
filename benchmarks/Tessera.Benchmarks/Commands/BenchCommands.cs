using System.CommandLine;
using Tessera.Benchmarks.Probes;
using Tessera.Benchmarks.Wan;
using Tessera.Benchmarks.Wan.Probes;
using Tessera.Cli.Commands;
using Tessera.Cli.Terminal;

namespace Tessera.Benchmarks.Commands;

/// <summary>Commands of the benchmark program beside those of BenchmarkDotNet.</summary>
internal static class BenchCommands
{
    public const string Cpu = "cpu";

    /// <summary>Measurements that the driver makes in processes of their own; not for people.</summary>
    public const string Probe = "probe";
    public const string Cost = "cost";
    public const string Wan = "wan";
    public const string Gemm = "gemm";

    public static Command CreateRoot(CommandConsole console) => new("./bench", "Measure Tessera on this machine.")
    {
        new CpuCommand(console),
        new Command(Probe, "One measurement in a process of its own.")
        {
            new FirstCallProbe(console),
            new MemoryProbe(console),
            new WanOpenProbe(console),
            new WanTextProbe(console),
            new WanForwardProbe(console),
            new WanMethodsProbe(console),
            new WanDecodeProbe(console),
        },
        new CostCommand(console),
        new WanCommand(console),
        new GemmCommand(console),
        HelpWithExamples.CreateOption(),
    };
}
