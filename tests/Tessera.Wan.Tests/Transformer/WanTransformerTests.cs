using Tessera.Attention;
using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Transformer;
using Xunit;
using Xunit.Abstractions;

namespace Tessera.Wan.Tests.Transformer;

public sealed class WanTransformerTests(ITestOutputHelper output)
{
    /// <summary>What the recording calls reachable in binary32; it allows 1e-4.</summary>
    private const double Tolerance = 2e-5;

    /// <summary>Guidance of 5 multiplies the differences of two outputs by 5 and 4.</summary>
    private const double GuidedTolerance = 9 * Tolerance;
    private const string Recording = "wan/dit_tiny/io.safetensors";

    private static readonly string[] Models = ["dit_tiny", "dit_hd128"];

    [DataFact(Recording, isFixture: true)]
    public void Every_recorded_tensor_is_met()
    {
        foreach (string name in Models)
        {
            using TransformerFixture fixture = new(name);
            using TransformerContext text = fixture.Text();
            RecordedStages stages = new();
            float[] velocity = fixture.Velocity(text, observer: stages);
            int compared = 0;
            foreach (TensorDescription tensor in fixture.Io.Tensors)
            {
                if (tensor.Name.StartsWith("mid.", StringComparison.Ordinal))
                {
                    Close(fixture, tensor.Name, Recorded(fixture, text, stages, tensor.Name), Tolerance);
                    compared++;
                }
            }

            Assert.True(compared >= 15, $"only {compared} intermediate tensors are recorded");
            Close(fixture, "output", velocity, Tolerance);
        }
    }

    [DataFact(Recording, isFixture: true)]
    public void Both_passes_of_the_guidance_are_met()
    {
        foreach (string name in Models)
        {
            using TransformerFixture fixture = new(name);
            using TransformerContext text = fixture.Text();
            using TransformerContext none = fixture.Text("input.context_null");
            float[] conditional = fixture.Velocity(text);
            float[] unconditional = fixture.Velocity(none);
            float[] guided = [.. conditional.Zip(unconditional, static (with, without) => without + (5 * (with - without)))];
            Close(fixture, "output", conditional, Tolerance);
            Close(fixture, "output_null", unconditional, Tolerance);
            Close(fixture, "output_cfg5", guided, GuidedTolerance);
        }
    }

    [DataFact("wan/pipeline_tiny/run.json", isFixture: true)]
    public void Both_layouts_give_the_recorded_velocities()
    {
        using SafetensorsFile expected = SafetensorsFile.Open(Path.Combine(TestRoots.Fixtures, "wan/pipeline_tiny/expected.safetensors"));
        LatentShape shape = TransformerFixture.ShapeOf(expected["noise"].Shape);
        foreach (string layout in new[] { "original", "diffusers" })
        {
            WanCheckpoint model = WanCheckpoint.Find(Path.Combine(TestRoots.Fixtures, "wan/pipeline_tiny", layout));
            (Checkpoint weights, WanTransformerConfig config) = model.OpenTransformer();

            // No diffusers configuration states the length of the text, which a real one leaves at 512.
            config = config with { TextLength = TextLength() };
            using (weights)
            {
                using WanTransformer transformer = new(weights, config);
                using DenseSelfAttention attention = new();
                foreach (string branch in new[] { "cond", "uncond" })
                {
                    using TransformerContext text =
                        transformer.EncodeText(expected.ReadSingle($"context_{branch}"), (int)expected[$"context_{branch}"].Shape[0]);
                    float[] velocity = new float[shape.Length];
                    TransformerInputs inputs = new()
                    {
                        Latent = expected.ReadSingle("noise"),
                        Shape = shape,
                        Timestep = expected.ReadSingle("timesteps")[0],
                        Text = text,
                        Step = StepContext.Standalone,
                    };
                    _ = transformer.Forward(inputs, attention, velocity);
                    float[] recorded = expected.ReadSingle($"noise_pred_{branch}")[..velocity.Length];
                    Assert.True(Golden.LargestDifference(recorded, velocity) <= Tolerance, $"{layout} {branch}");
                }
            }
        }

        static int TextLength() => WanTransformerConfig.Read(
            Path.Combine(TestRoots.Fixtures, "wan/pipeline_tiny/original/config.json")).TextLength;
    }

    [DataFact(Recording, isFixture: true)]
    public void Threads_and_repetition_change_no_bit()
    {
        foreach (string name in Models)
        {
            float[]? first = null;
            foreach (int threads in new[] { 1, 3, 0 })
            {
                using TransformerFixture fixture = new(name, threads);
                using TransformerContext text = fixture.Text();
                float[] velocity = fixture.Velocity(text);
                first ??= velocity;
                NumericAssert.BitwiseEqual(first, velocity);
                NumericAssert.BitwiseEqual(first, fixture.Velocity(text, observer: new RecordedStages()));
            }
        }
    }

    private void Close(TransformerFixture fixture, string name, float[] actual, double tolerance)
    {
        StoredTensor expected = fixture.Io.Tensor(name);
        output.WriteLine(FormattableString.Invariant(
            $"{fixture.Config.HeadDim,4} {name,-36} {Golden.LargestDifference(expected.ReadSingle(), actual):0.0e+0}"));
        Golden.Close(expected, actual, tolerance);
    }

    private static float[] Recorded(TransformerFixture fixture, TransformerContext text, RecordedStages stages, string name)
    {
        string[] parts = name.Split('.');
        int layer = parts[1].StartsWith("block", StringComparison.Ordinal)
            ? int.Parse(parts[1]["block".Length..], System.Globalization.CultureInfo.InvariantCulture)
            : -1;
        return string.Join('.', layer < 0 ? parts[1..] : parts[2..]) switch
        {
            "time_embedding.in" => stages[TransformerStage.TimeFrequencies],
            "time_embedding.out" => stages[TransformerStage.TimeEmbedding],
            "time_projection.out" => stages[TransformerStage.TimeProjection],
            "text_embedding.out" => Padded(text, text.Embedding),
            "tokens.in" => stages[TransformerStage.Tokens],
            "rope.cos" => Angles(fixture, Math.Cos),
            "rope.sin" => Angles(fixture, Math.Sin),
            "head.out" => stages[TransformerStage.Head],
            "modulation_plus_e" => stages[TransformerStage.Modulation, layer],
            "self_attn.in" => stages[TransformerStage.SelfAttentionInput, layer],
            "self_attn.q_normed" => stages[TransformerStage.Query, layer],
            "self_attn.k_normed" => stages[TransformerStage.Key, layer],
            "self_attn.q_rope" => Turned(fixture, stages[TransformerStage.Query, layer]),
            "self_attn.k_rope" => Turned(fixture, stages[TransformerStage.Key, layer]),
            "self_attn.v" => stages[TransformerStage.Value, layer],
            "self_attn.attn" => stages[TransformerStage.SelfAttention, layer],
            "self_attn.out" => stages[TransformerStage.SelfAttentionOutput, layer],
            "after_self_attn" => stages[TransformerStage.AfterSelfAttention, layer],
            "cross_attn.in" => stages[TransformerStage.CrossAttentionInput, layer],
            "cross_attn.q" => stages[TransformerStage.CrossAttentionQuery, layer],
            "cross_attn.k" => Padded(text, text.Keys(layer)),
            "cross_attn.v" => Padded(text, text.Values(layer)),
            "cross_attn.attn" => stages[TransformerStage.CrossAttention, layer],
            "cross_attn.out" => stages[TransformerStage.CrossAttentionOutput, layer],
            "after_cross_attn" => stages[TransformerStage.AfterCrossAttention, layer],
            "ffn.in" => stages[TransformerStage.FeedForwardInput, layer],
            "ffn.out" => stages[TransformerStage.FeedForwardOutput, layer],
            "out" => stages[TransformerStage.Block, layer],
            _ => throw new InvalidOperationException($"'{name}' has no stage; add it."),
        };
    }

    /// <summary>All rows of the text, the padding written out.</summary>
    private static float[] Padded(TransformerContext text, ReadOnlySpan<float> rows)
    {
        int width = rows.Length / text.Rows;
        float[] padding = text.PaddingRows > 0 ? rows[^width..].ToArray() : [];
        return [.. rows[..(text.PromptRows * width)], .. Enumerable.Repeat(padding, text.PaddingRows).SelectMany(static row => row)];
    }

    private static float[] Angles(TransformerFixture fixture, Func<double, double> function)
    {
        RotaryEmbedding rotary = RotaryEmbedding.ForGrid(WanTransformer.GridOf(fixture.Shape), fixture.Config.HeadDim);
        int pairs = fixture.Config.HeadDim / 2;
        return [.. Enumerable.Range(0, rotary.Tokens * pairs).Select(i => (float)function(rotary.Angle(i / pairs, i % pairs)))];
    }

    private static float[] Turned(TransformerFixture fixture, float[] rows)
    {
        RotaryEmbedding rotary = RotaryEmbedding.ForGrid(WanTransformer.GridOf(fixture.Shape), fixture.Config.HeadDim);
        float[] turned = new float[rows.Length];
        int width = fixture.Config.HeadDim;
        for (int row = 0; row < rows.Length / width; row++)
        {
            rotary.Rotate(row / fixture.Config.Heads, rows.AsSpan(row * width, width), turned.AsSpan(row * width, width));
        }

        return turned;
    }
}
