using BenchmarkDotNet.Running;
using Tessera.Benchmarks.Commands;
using Tessera.Cli.Terminal;

if (args is not ([BenchCommands.Cpu, ..] or [BenchCommands.Probe, ..] or [BenchCommands.Cost, ..] or [BenchCommands.Wan, ..]
    or [BenchCommands.Gemm, ..]))
{
    return BenchmarkSwitcher.FromAssembly(typeof(BenchCommands).Assembly).Run(args).Any() ? 0 : 1;
}

using InterruptSignal interrupt = new();
CommandConsole console = CommandConsole.ForProcess();
return await Tessera.Cli.CommandLine.RunAsync(BenchCommands.CreateRoot(console), args, console, interrupt.Token).ConfigureAwait(false);
