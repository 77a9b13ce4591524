using System.Text;
using System.Text.Json;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Quantization;

namespace Tessera.Benchmarks.Peers;

/// <summary>
/// Our CPU backend against the peers, interleaved run by run in one process so that a drifting machine cannot favour anyone; medians.
/// GFLOP/s are dense-equivalent: 4 B H Lq Lk D / seconds, whatever was skipped. Ratios by CPU time stay right when other work takes a core.
/// </summary>
internal static class PeerComparison
{
    private const string PeerOfRecord = "onnxruntime mha";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static int Run(string[] arguments)
    {
        int length = Option(arguments, "--length", 4096);
        int heads = Option(arguments, "--heads", 4);
        int dim = Option(arguments, "--dim", 128);
        int repeat = Option(arguments, "--repeat", 7);
        string peers = Text(arguments, "--peers", Path.Combine("..", "shared", "peers"));
        AttentionShape shape = new(1, heads, length, length, dim);
        List<IContestant> contestants = [.. Ours(), .. Peers(peers)];
        Dictionary<IContestant, List<Sample>> samples = contestants.ToDictionary(static contestant => contestant, static _ => new List<Sample>());
        for (int round = 0; round < repeat; round++)
        {
            foreach (IContestant contestant in contestants)
            {
                samples[contestant].Add(contestant.Run(shape));
            }
        }

        List<PeerResult> results = [.. contestants.Select(contestant => PeerResult.Of(contestant, shape, samples[contestant]))];
        PeerResult? yardstick = results.FirstOrDefault(static result => result.Name == PeerOfRecord);
        Console.WriteLine(Table(shape, repeat, results, yardstick));
        if (Text(arguments, "--json", "") is { Length: > 0 } path)
        {
            File.WriteAllText(path, JsonSerializer.Serialize(new { shape = shape.ToString(), repeat, results }, Indented));
        }

        contestants.ForEach(static contestant => contestant.Dispose());
        return 0;
    }

    private static IEnumerable<IContestant> Ours()
    {
        QuantizationRecipe int8 = CpuBackend.PreferredInt8;
        foreach (double density in new[] { 1, 0.25 })
        {
            yield return new TesseraContestant(KnownRecipes.Float32, density);
            yield return new TesseraContestant(int8, density);
            yield return new TesseraContestant(KnownRecipes.KeyValue4, density);
        }
    }

    private static IEnumerable<IContestant> Peers(string folder)
    {
        string script = Path.Combine(folder, "ort_attention.js");
        string? modules = Environment.GetEnvironmentVariable("NODE_PATH");
        if (!File.Exists(script) || modules is null || !Directory.Exists(Path.Combine(modules, "onnxruntime-node")))
        {
            Console.Error.WriteLine(
                $"ONNX Runtime is not in this comparison: it needs the peer script {script} and NODE_PATH naming a node_modules folder that holds "
                + "onnxruntime-node (npm install onnxruntime-node --onnxruntime-node-install=skip).");
            yield break;
        }

        Dictionary<string, string> environment = new() { ["PEER_THREADS"] = Environment.ProcessorCount.ToString() };
        yield return new PeerServer(PeerOfRecord, "mha", "node", script, environment);
    }

    private static string Table(AttentionShape shape, int repeat, IEnumerable<PeerResult> results, PeerResult? yardstick)
    {
        StringBuilder table = new();
        table.Append($"{shape}, {Environment.ProcessorCount} threads, medians of {repeat} interleaved runs\n\n");
        table.Append("| engine | density | median ms | CPU ms | dense-equivalent GFLOP/s | vs ONNX Runtime | by CPU time |\n|---|---|---|---|---|---|---|\n");
        foreach (PeerResult result in results)
        {
            string ratio = yardstick is null ? "-" : $"{yardstick.MedianSeconds / result.MedianSeconds:0.00}x";
            string processorRatio = yardstick is null ? "-" : $"{yardstick.MedianProcessorSeconds / result.MedianProcessorSeconds:0.00}x";
            table.Append($"| {result.Name} | {result.Density:0.000} | {result.MedianSeconds * 1e3:0.0} | {result.MedianProcessorSeconds * 1e3:0.0} | {result.EffectiveGflops:0} | {ratio} | {processorRatio} |\n");
        }

        return table.ToString();
    }

    private static int Option(string[] arguments, string name, int fallback) => int.Parse(Text(arguments, name, fallback.ToString()));

    private static string Text(string[] arguments, string name, string fallback)
    {
        int at = Array.IndexOf(arguments, name);
        return at >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : fallback;
    }
}
