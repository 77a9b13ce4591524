using System.Numerics.Tensors;
using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.TextEncoder;
using Xunit;

namespace Tessera.Wan.Tests.TextEncoder;

public sealed class Umt5EncoderTests
{
    /// <summary>What the recording calls reachable in binary32.</summary>
    private const double Tolerance = 2e-5;
    private const string Folder = "wan/umt5_tiny";
    private const string Fixture = $"{Folder}/io.safetensors";

    [DataFact(Fixture, isFixture: true)]
    public void Buckets_are_exact()
    {
        using SafetensorsFile io = Io();
        Umt5Config config = Umt5Config.Read(Path.Combine(TestRoots.Fixtures, Folder, "config.json"));
        int[] expected = io.ReadArray<int>("buckets.bucket");
        Assert.Equal(expected, io.ReadArray<int>("buckets.rel_pos").Select(position => RelativePositionBuckets.Of(position, config.Buckets, config.MaximumDistance)));
    }

    [DataFact(Fixture, isFixture: true)]
    public void Position_biases_are_those_recorded()
    {
        using SafetensorsFile io = Io();
        using Checkpoint weights = Open(out Umt5Config config);
        int tokens = (int)io["input.ids"].Shape[1];
        PositionBias bias = new(weights["blocks.0.pos_embedding.embedding.weight"], config);
        float[] row = new float[PositionBias.Length(tokens)];
        float[] first = io.ReadSingle("mid.block0.pos_bias_row0");
        float[] last = io.ReadSingle("mid.block0.pos_bias_lastrow");
        for (int head = 0; head < config.Heads; head++)
        {
            bias.Fill(head, tokens, row);
            Assert.Equal(first.AsSpan(head * tokens, tokens), row.AsSpan(tokens - 1, tokens));
            Assert.Equal(last.AsSpan(head * tokens, tokens), row.AsSpan(0, tokens));
        }
    }

    [DataFact(Fixture, isFixture: true)]
    public void Every_stage_and_row_is_the_recorded_one()
    {
        using SafetensorsFile io = Io();
        using Checkpoint weights = Open(out Umt5Config config);
        Umt5Encoder encoder = new(weights, config);
        (int batch, int tokens) = ((int)io["input.ids"].Shape[0], (int)io["input.ids"].Shape[1]);
        int size = tokens * config.Dim;
        float[] attentions = new float[batch * size];
        float[] feedForwards = new float[batch * size];
        float[][] blocks = [.. Enumerable.Range(0, config.Layers).Select(_ => new float[batch * size])];
        float[] output = new float[batch * size];
        using Umt5Scratch scratch = new(config, tokens, tokens);
        for (int b = 0; b < batch; b++)
        {
            int[] ids = io.ReadArray<int>("input.ids")[(b * tokens)..((b + 1) * tokens)];
            int keys = io.ReadArray<int>("input.mask").Skip(b * tokens).Take(tokens).Sum();
            PromptRows[] prompt = [new(0, tokens, keys)];
            float[] stream = new float[size];
            new Neural.Layers.Embedding(weights["token_embedding.weight"]).Forward(ids, stream);
            Span<float> attention = attentions.AsSpan(b * size, size);
            Span<float> feedForward = feedForwards.AsSpan(b * size, size);
            encoder.Blocks[0].Attend(stream, prompt, scratch, attention, threads: 0);
            TensorPrimitives.Add(stream, attention, stream);
            encoder.Blocks[0].FeedForward(stream, scratch, feedForward, threads: 0);
            TensorPrimitives.Add(stream, feedForward, stream);
            stream.CopyTo(blocks[0], b * size);
            for (int block = 1; block < config.Layers; block++)
            {
                encoder.Blocks[block].Forward(stream, prompt, scratch, threads: 0);
                stream.CopyTo(blocks[block], b * size);
            }

            encoder.Encode(ids, keys, output.AsSpan(b * size, size));
        }

        Golden.Close(io.Tensor("mid.block0.attn.out"), attentions, Tolerance);
        Golden.Close(io.Tensor("mid.block0.ffn.out"), feedForwards, Tolerance);
        for (int block = 0; block < config.Layers; block++)
        {
            Golden.Close(io.Tensor($"mid.block{block}.out"), blocks[block], Tolerance);
        }

        Golden.Close(io.Tensor("output"), output, Tolerance);
    }

    [DataFact(Fixture, isFixture: true)]
    public void Prompts_alone_give_the_rows_that_the_pipeline_keeps()
    {
        using SafetensorsFile io = Io();
        using Checkpoint weights = Open(out Umt5Config config);
        Umt5Encoder encoder = new(weights, config);
        int tokens = (int)io["input.ids"].Shape[1];
        for (int b = 0; b < io["input.ids"].Shape[0]; b++)
        {
            int length = io.ReadArray<int>("input.mask").Skip(b * tokens).Take(tokens).Sum();
            int[] ids = io.ReadArray<int>("input.ids")[(b * tokens)..((b * tokens) + length)];
            float[] rows = encoder.Encode(ids);
            Golden.Close(io.Tensor($"context.{b}"), rows, Tolerance);
            NumericAssert.BitwiseEqual(rows, encoder.Encode(ids, threads: 1));
            NumericAssert.BitwiseEqual(rows, encoder.Encode(ids, threads: 5));
        }
    }

    /// <summary>Prompts of different lengths do not see each other.</summary>
    [DataFact(Fixture, isFixture: true)]
    public void Prompts_together_give_the_rows_of_each_alone()
    {
        using SafetensorsFile io = Io();
        using Checkpoint weights = Open(out Umt5Config config);
        Umt5Encoder encoder = new(weights, config);
        int tokens = (int)io["input.ids"].Shape[1];
        int[][] prompts =
        [
            .. Enumerable.Range(0, (int)io["input.ids"].Shape[0]).Select(b =>
            {
                int length = io.ReadArray<int>("input.mask").Skip(b * tokens).Take(tokens).Sum();
                return io.ReadArray<int>("input.ids")[(b * tokens)..((b * tokens) + length)];
            }),
        ];
        float[][] together = encoder.EncodeAll([.. prompts, prompts[0][..1]]);
        for (int b = 0; b < prompts.Length; b++)
        {
            Golden.Close(io.Tensor($"context.{b}"), together[b], Tolerance);
        }

        Golden.Close(StoredTensor.FromValues<float>("one", [1, config.Dim], encoder.Encode(prompts[0].AsSpan(0, 1))), together[^1], Tolerance);
        Assert.Throws<ArgumentException>(() => encoder.EncodeAll([]));
        Assert.Throws<ArgumentException>(() => encoder.EncodeAll([[1], []]));
    }

    [DataFact("wan/pipeline_tiny/run.json", isFixture: true)]
    public void Prompts_of_the_pipeline_encode_from_either_layout()
    {
        using SafetensorsFile expected = SafetensorsFile.Open(Path.Combine(TestRoots.Fixtures, "wan/pipeline_tiny/expected.safetensors"));
        foreach (string layout in new[] { "original", "diffusers" })
        {
            WanCheckpoint model = WanCheckpoint.Find(Path.Combine(TestRoots.Fixtures, "wan/pipeline_tiny", layout));
            (Checkpoint weights, Umt5Config config) = model.OpenTextEncoder();
            using (weights)
            {
                Wan.Text.PromptTokenizer tokenizer = model.OpenTokenizer();
                tokenizer.RequireVocabulary(config.Vocabulary);
                Umt5Encoder encoder = new(weights, config);
                System.Text.Json.JsonElement run = Text.TokenizerCases.Read(Path.Combine(TestRoots.Fixtures, "wan/pipeline_tiny/run.json"));
                foreach ((string name, string prompt) in new[] { ("cond", "prompt"), ("uncond", "negative_prompt") })
                {
                    int[] recorded = expected.ReadArray<int>($"ids_{name}");
                    int[] ids = tokenizer.Encode(Wan.Text.PromptCleaner.Clean(run.GetProperty(prompt).GetString()!), recorded.Length);
                    Assert.Equal(recorded, ids.Concat(new int[recorded.Length - ids.Length]));
                    Golden.Close(expected.Tensor($"context_{name}"), encoder.Encode(ids), Tolerance);
                }
            }
        }
    }

    [Fact]
    public void Weights_that_are_not_finite_are_named_and_ids_are_checked()
    {
        Umt5Config config = new() { Dim = 4, FeedForwardDim = 6, Heads = 2, HeadDim = 2, Layers = 1, Vocabulary = 5 };
        using Checkpoint good = Random(config, poisoned: null);
        Umt5Encoder encoder = new(good, config);
        Assert.Equal(12, encoder.Encode([1, 2, 4]).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.Encode([5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.Encode([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.Encode([1, 2], 3, new float[8]));
        Assert.Throws<OperationCanceledException>(() => encoder.Encode([1], cancellationToken: new CancellationToken(canceled: true)));
        using Checkpoint bad = Random(config, "blocks.0.ffn.fc2.weight");
        string message = Assert.Throws<CheckpointFormatException>(() => new Umt5Encoder(bad, config).Encode([1, 2])).Message;
        Assert.Contains("tensor 'blocks.0.ffn.fc2.weight' holds NaN at element 3", message, StringComparison.Ordinal);
        Assert.Contains("missing", Assert.Throws<CheckpointFormatException>(() => new Umt5Encoder(good, config with { Layers = 2 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Layers_are_reported_and_cancellation_is_seen_between_them()
    {
        Umt5Config config = new() { Dim = 4, FeedForwardDim = 6, Heads = 2, HeadDim = 2, Layers = 3, Vocabulary = 5 };
        using Checkpoint weights = Random(config, poisoned: null);
        Umt5Encoder encoder = new(weights, config);
        using CancellationTokenSource source = new();
        List<int> done = [];
        encoder.EncodeAll([[1, 2], [3]], layersDone: new Recorder(done.Add));
        Assert.Equal([1, 2, 3], done);
        done.Clear();
        Recorder cancels = new(layers =>
        {
            done.Add(layers);
            source.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() => encoder.EncodeAll([[1, 2]], 0, cancels, source.Token));
        Assert.Equal([1], done);
    }

    private sealed class Recorder(Action<int> report) : IProgress<int>
    {
        public void Report(int value) => report(value);
    }

    private static SafetensorsFile Io() => SafetensorsFile.Open(Path.Combine(TestRoots.Fixtures, Fixture));

    private static Checkpoint Open(out Umt5Config config)
    {
        (Checkpoint weights, config) = WanWeights.OpenTextEncoder(
            Path.Combine(TestRoots.Fixtures, Folder, "models_t5.safetensors"),
            Umt5Config.Read(Path.Combine(TestRoots.Fixtures, Folder, "config.json")));
        return weights;
    }

    private static Checkpoint Random(Umt5Config config, string? poisoned)
    {
        Random random = new(3);
        SafetensorsWriter writer = new();
        foreach (TensorSpecification tensor in config.Tensors())
        {
            float[] values = new float[tensor.ElementCount];
            SeededInputs.FillNormal(random, values);
            if (tensor.Name == poisoned)
            {
                values[3] = float.NaN;
            }

            writer.Add<float>(tensor.Name, [.. tensor.Shape], values);
        }

        using MemoryStream stream = new();
        writer.Write(stream);
        return new Checkpoint(SafetensorsFile.FromMemory(stream.ToArray()), WanKeyTables.OriginalTextEncoder);
    }
}
