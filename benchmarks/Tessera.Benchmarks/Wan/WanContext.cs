using System.Globalization;
using Tessera.Backends.Cpu;
using Tessera.Benchmarks.Probes;
using Tessera.Wan.Checkpoints;

namespace Tessera.Benchmarks.Wan;

/// <summary>What sections share: the request, the processor's peak, and where progress goes.</summary>
internal sealed class WanContext(WanRequest request, TextWriter progress, CancellationToken cancellationToken)
{
    public WanRequest Request => request;

    public CancellationToken CancellationToken => cancellationToken;

    public int Threads => request.Options.EffectiveThreads;

    /// <summary>Folder for small checkpoints and plans that are kept from run to run.</summary>
    public string WorkFolder { get; } = Path.GetFullPath("artifacts");

    /// <summary>File of the plans that a measurement calibrates.</summary>
    public string PlanFile(string name) => Path.Combine(WorkFolder, $"bench-wan-{name}.plan.safetensors");

    /// <summary>Tells what happens now, on standard error.</summary>
    public void Report(string what) => progress.WriteLine(what);

    /// <summary>Multiply-add peak of the threads in GFLOP/s, measured now: shares of it are taken from the same minute.</summary>
    public double MeasurePeak() => CpuPeak.Measure(request.Options).AllThreads;

    /// <summary>The checkpoint of the transformer and the autoencoder.</summary>
    /// <exception cref="DirectoryNotFoundException">There is none; the message says how to write one.</exception>
    public WanCheckpoint Model() =>
        Find(request.Checkpoint, "--checkpoint", "--config 1.3b --seed 1 --type bf16 --parts transformer,vae,tokenizer");

    /// <summary>The checkpoint of the text encoder.</summary>
    /// <exception cref="DirectoryNotFoundException">There is none; the message says how to write one.</exception>
    public WanCheckpoint TextModel() =>
        Find(request.TextCheckpoint, "--text-checkpoint", "--config 1.3b --seed 1 --parts text-encoder,tokenizer");

    /// <summary>Measures in a process of its own.</summary>
    public T Probe<T>(string name, params IReadOnlyList<string> arguments)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string shown = string.Join(' ', arguments);
        Report($"{name} {shown}");
        return ProbeProcess.Run<T>(name, [.. arguments, "--threads", Threads.ToString(CultureInfo.InvariantCulture)]);
    }

    private static WanCheckpoint Find(string folder, string option, string parts) =>
        Directory.Exists(folder)
            ? WanCheckpoint.Find(folder)
            : throw new DirectoryNotFoundException(
                $"There is no folder {folder}; write one by ./tessera wan init {parts} --output {folder}, or name another by {option}.");
}
