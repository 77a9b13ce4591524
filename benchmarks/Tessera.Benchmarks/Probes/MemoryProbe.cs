using System.CommandLine;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Reporting;
using Tessera.Cli.Benchmarking;
using Tessera.Cli.Inputs;
using Tessera.Cli.Terminal;

namespace Tessera.Benchmarks.Probes;

/// <summary>
/// Peak working set of a process that holds inputs and output, with or without attending over them. Both have attended over a small problem
/// first, so that runtime, compiled code and threads are in both and their difference is what a call needs.
/// </summary>
internal sealed class MemoryProbe : Command
{
    public const string ProbeName = "memory";
    public const string Idle = "--idle";
    private const int WarmUpTokens = 256;

    public MemoryProbe(CommandConsole console)
        : base(ProbeName, "Measure the peak working set of this process.")
    {
        ProbeArguments arguments = ProbeArguments.AddTo(this);
        Option<bool> idle = new(Idle) { Description = "Hold inputs and output, and do not attend." };
        Options.Add(idle);
        SetAction(parsed =>
        {
            (BenchCase one, AttentionShape shape, CpuOptions options) = arguments.Read(parsed);
            CpuBackend backend = new(options);
            AttentionShape small = shape with { QueryLength = WarmUpTokens, KeyLength = WarmUpTokens };
            _ = Attend(one, small, backend, attends: true);
            long scratch = Attend(one, shape, backend, attends: !parsed.GetValue(idle));
            PeakMemory memory = new(ProcessMemory.PeakWorkingSet(), scratch);
            console.OutputWriter.WriteLine(System.Text.Json.JsonSerializer.Serialize(memory, BenchDocument.Format));
        });
    }

    private static long Attend(BenchCase one, AttentionShape shape, CpuBackend backend, bool attends)
    {
        HeadTensors tensors = NormalTensors.Draw(shape);
        float[] output = new float[tensors.Query.Length];
        // Touched, so that the output's pages are in the working set of the idle process too.
        Array.Fill(output, 1);
        long scratch = 0;
        if (attends)
        {
            using IAttentionKernel kernel = backend.Compile(one.Plan(shape, backend.Options));
            _ = kernel.Run(tensors.Inputs, tensors.Like(output));
            scratch = ((CpuAttentionKernel)kernel).ScratchBytes;
        }

        GC.KeepAlive(tensors);
        return scratch;
    }

    /// <summary>What a process needed.</summary>
    /// <param name="Bytes">Peak working set.</param>
    /// <param name="ScratchBytes">Native memory that the kernel held; 0 when none ran.</param>
    internal sealed record PeakMemory(long Bytes, long ScratchBytes);
}
