using System.CommandLine;
using Tessera.Benchmarks.Gemm;
using Tessera.Cli.Commands;
using Tessera.Cli.Options;
using Tessera.Cli.Terminal;

namespace Tessera.Benchmarks.Commands;

/// <summary><c>./bench gemm</c>.</summary>
internal sealed class GemmCommand : CommandWithExamples
{
    private readonly Option<int> _threads = CountOption.Create(
        "--threads", "Threads of ours and of OpenBLAS; 0 uses every core.", 0, 0, 1024);
    private readonly Option<int> _repeat = CountOption.Create("--repeat", "Timed rounds; every contestant runs once in each.", 9, 1, 1000);

    public GemmCommand(CommandConsole console)
        : base(
            BenchCommands.Gemm, "Measure matrix products against OpenBLAS, and convolutions, at the sizes of the models.",
            "./bench gemm", "./bench gemm --threads 1 --repeat 5")
    {
        Options.Add(_threads);
        Options.Add(_repeat);
        SetAction((parsed, cancellationToken) =>
        {
            int threads = parsed.GetValue(_threads);
            GemmBench bench = new(
                threads == 0 ? Environment.ProcessorCount : threads, parsed.GetValue(_repeat), console.ErrorWriter, cancellationToken);
            console.OutputWriter.Write(bench.Run().ToMarkdown());
            return Task.FromResult(0);
        });
    }
}
