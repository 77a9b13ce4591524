using System.CommandLine;
using System.Diagnostics;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Reporting;
using Tessera.Cli.Benchmarking;
using Tessera.Cli.Inputs;
using Tessera.Cli.Terminal;

namespace Tessera.Benchmarks.Probes;

/// <summary>Times the first call of a fresh process, compiling included, and those after it.</summary>
internal sealed class FirstCallProbe : Command
{
    public const string ProbeName = "first-call";
    private const int Calls = 10;

    public FirstCallProbe(CommandConsole console)
        : base(ProbeName, "Time the first calls of this process.")
    {
        ProbeArguments arguments = ProbeArguments.AddTo(this);
        SetAction(parsed =>
        {
            (BenchCase one, AttentionShape shape, CpuOptions options) = arguments.Read(parsed);
            console.OutputWriter.WriteLine(System.Text.Json.JsonSerializer.Serialize(Measure(one, shape, options), BenchDocument.Format));
        });
    }

    private static FirstCalls Measure(BenchCase one, AttentionShape shape, CpuOptions options)
    {
        HeadTensors tensors = NormalTensors.Draw(shape);
        float[] output = new float[tensors.Query.Length];
        AttentionPlan plan = one.Plan(shape, options);
        double[] seconds = new double[Calls];
        long start = Stopwatch.GetTimestamp();
        using IAttentionKernel kernel = new CpuBackend(options).Compile(plan);
        for (int call = 0; call < Calls; call++)
        {
            _ = kernel.Run(tensors.Inputs, tensors.Like(output));
            seconds[call] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            start = Stopwatch.GetTimestamp();
        }

        return new FirstCalls(seconds);
    }

    /// <summary>Wall time of each call in order; compiling the plan counts in the first.</summary>
    internal sealed record FirstCalls(IReadOnlyList<double> Seconds);
}
