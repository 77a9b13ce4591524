using System.Text.Json;
using Tessera.Attention;
using Tessera.Media;
using Tessera.Media.Frames;
using Tessera.Neural.Checkpoints;
using Tessera.Neural.Products;
using Tessera.Quantization;
using Tessera.TestKit;
using Tessera.Wan.Initialization;
using Tessera.Wan.Pipeline;
using Tessera.Wan.SelfAttention;
using Xunit;

namespace Tessera.Wan.Tests.Pipeline;

public sealed class WanPipelineTests(TinyModel model) : IClassFixture<TinyModel>
{
    public static TheoryData<string> Methods => ["dense", "paro", "fps", "sta", "svg", "sparge", "sage"];

    [Fact]
    public async Task Equal_requests_give_equal_bytes_whatever_the_threads()
    {
        string[] hashes = [.. await Task.WhenAll(new[] { 1, 2, 3 }.Select(async threads =>
        {
            using WanPipeline pipeline = model.Load(new WanOptions { Threads = threads });
            return (await pipeline.GenerateAsync(TinyModel.Request)).Record.FramesSha256;
        }))];
        Assert.Single(hashes.Distinct());
        using WanPipeline other = model.Load();
        Assert.NotEqual(hashes[0], (await other.GenerateAsync(TinyModel.Request with { Seed = 8 })).Record.FramesSha256);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Every_method_runs_inside_and_says_what_it_computed(string method)
    {
        using WanPipeline pipeline = model.Load();
        GenerationRequest request = TinyModel.Request with
        {
            FrameCount = 9,
            StepCount = 2,
            Width = 128,
            Height = 128,
            Attention = new SelfAttentionOptions
            {
                Method = method,
                Density = method is "dense" or "sage" ? null : 0.6,
                ComparesDense = true,
                WarmUp = new DensePolicy(1, 0),
            },
        };
        GenerationResult result = await pipeline.GenerateAsync(request);
        Assert.Equal(method, result.Record.Attention.Method);
        Assert.InRange(result.Record.Attention.Density, 0.05, 1);
        NumericAssert.AllFinite([.. result.Latent]);
        Assert.NotNull(result.Record.Attention.Deviations);
        Assert.All(result.Record.Timings.Steps, static step => Assert.True(step.SelfAttention > 0 && step.Linears > 0 && step.Seconds > 0));
        if (method != "dense")
        {
            Assert.Equal("dense warm-up", result.Record.Timings.Steps[0].Phase.Replace(", calibrating paro", " warm-up", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Guidance_of_1_runs_the_prompt_alone()
    {
        int passes = 0;
        GenerationProbe probe = new()
        {
            Prompts = prompts => Assert.Null(prompts.Negative),
            Velocities = (_, _, unconditional) =>
            {
                Assert.Null(unconditional);
                passes++;
            },
        };
        using WanPipeline pipeline = model.Load(probe: probe);
        GenerationResult result = await pipeline.GenerateAsync(TinyModel.Request with { GuidanceScale = 1 });
        Assert.Equal(TinyModel.Request.StepCount, passes);
        Assert.Null(result.Record.Request.NegativePrompt);
    }

    [Fact]
    public async Task Progress_is_whole_ordered_and_ends_at_the_end()
    {
        List<StepProgress> reports = [];
        using WanPipeline pipeline = model.Load();
        GenerationResult result = await pipeline.GenerateAsync(TinyModel.Request, new Recorder(reports));
        Assert.Equal(reports.OrderBy(static report => report.Stage), reports);
        Assert.Equal(reports.Select(static report => report.Fraction).Order(), reports.Select(static report => report.Fraction));
        Assert.Equal(1, reports[^1].Fraction, 9);
        Assert.Null(reports[0].Remaining);
        Assert.All(reports.Skip(2), static report => Assert.NotNull(report.Remaining));
        Assert.Equal(
            result.Record.Timings.Steps, reports.Where(static report => report.LastStep is not null).Select(static report => report.LastStep!));
        Assert.True(reports[^1].PeakMemoryBytes > 0);
        int layers = WanModelSizes.Tiny.TextEncoder.Layers;
        Assert.Equal(
            ["", .. Enumerable.Range(2, layers - 1).Select(layer => $"layer {layer}/{layers}"), $"layer {layers}/{layers}", ""],
            reports.Where(static report => report.Stage == GenerationStage.TextEncoding).Select(static report => report.Phase));
        Assert.Equal(GenerationStage.TextEncoding, reports[0].Stage);
        Assert.Equal(GenerationStage.Decoding, reports[^1].Stage);
    }

    [Theory]
    [InlineData("fox.png")]
    [InlineData("fox.y4m")]
    public async Task The_video_and_its_record_are_saved_side_by_side(string name)
    {
        using WanPipeline pipeline = model.Load();
        GenerationResult result = await pipeline.GenerateAsync(TinyModel.Request);
        string folder = model.NewFolder();
        string path = Path.Combine(folder, name);
        await result.SaveAsync(path);
        VideoFrames read = await ClipFile.ReadAsync(path);
        Assert.Equal((5, 64, 96, 16), (read.Count, read.Height, read.Width, read.Rate.Numerator));
        using JsonDocument record = JsonDocument.Parse(await File.ReadAllBytesAsync($"{path}.json"));
        JsonElement root = record.RootElement;
        Assert.Equal("a red fox in snow", root.GetProperty("request").GetProperty("prompt").GetString());
        Assert.Equal(GenerationRequest.DefaultNegativePrompt, root.GetProperty("request").GetProperty("negativePrompt").GetString());
        Assert.Equal(7, root.GetProperty("request").GetProperty("seed").GetInt32());
        Assert.Equal("unipc_wan, 4 steps, shift 5", root.GetProperty("sampler").GetProperty("table").GetString());
        Assert.Equal(5, root.GetProperty("sampler").GetProperty("sigmas").GetArrayLength());
        Assert.Equal(4, root.GetProperty("timings").GetProperty("steps").GetArrayLength());
        Assert.Equal(pipeline.Fingerprint, root.GetProperty("checkpoint").GetProperty("fingerprint").GetString());
        Assert.Equal([name, $"{name}.json"], Directory.GetFiles(folder).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task One_frame_is_a_picture()
    {
        using WanPipeline pipeline = model.Load();
        GenerationResult result = await pipeline.GenerateAsync(TinyModel.Request with { FrameCount = 1 });
        string path = Path.Combine(model.NewFolder(), "fox.png");
        await result.SaveAsync(path);
        Assert.Equal(1, (await ClipFile.ReadAsync(path)).Count);
        Assert.DoesNotContain("acTL", System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(path)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(80, 96, 64, "80 frames are not 4n + 1", "96x64 with 77 frames", "96x64 with 81 frames")]
    [InlineData(5, 100, 50, "the width 100 is no multiple of 16, the height 50", "96x48 with 5 frames", "112x64 with 5 frames")]
    [InlineData(0, 96, 64, "0 frames are not 1 to 4093", "96x64 with 1 frame ", "tokens")]
    [InlineData(5, 20000, 8, "the width 20000 is not 16 to 16384, the height 8", "16384x16 with 5 frames", "GB, about")]
    [InlineData(int.MaxValue, 96, 64, "are not 1 to 4093", "96x64 with 4093 frames", "GB, about")]
    public async Task Illegal_sizes_are_refused_with_the_nearest_and_what_they_need(
        int frames, int width, int height, string fault, string first, string second)
    {
        using WanPipeline pipeline = model.Load(probe: new GenerationProbe { Prompts = static _ => Assert.Fail("work began") });
        GenerationRefusedException refused = await Assert.ThrowsAsync<GenerationRefusedException>(
            () => pipeline.GenerateAsync(TinyModel.Request with { FrameCount = frames, Width = width, Height = height }));
        Assert.All(new[] { fault, first, second }, part => Assert.Contains(part, refused.Message, StringComparison.Ordinal));
        foreach (GenerationEstimate nearest in refused.Nearest)
        {
            Assert.Empty(GenerationLimits.FaultsOf(
                TinyModel.Request with { FrameCount = nearest.FrameCount, Width = nearest.Width, Height = nearest.Height }));
            Assert.True(nearest.Seconds > 0 && nearest.MemoryBytes > 0);
        }
    }

    [Fact]
    public async Task Too_little_memory_is_refused_with_the_largest_videos_that_fit()
    {
        const long Limit = 400L << 20;
        using WanPipeline pipeline = model.Load(new WanOptions { MemoryLimit = Limit });
        GenerationRequest large = TinyModel.Request with { FrameCount = 161, Width = 1024, Height = 512 };
        GenerationRefusedException refused = await Assert.ThrowsAsync<GenerationRefusedException>(() => pipeline.GenerateAsync(large));
        Assert.Contains("GB besides mapped weights; 0.4 GB are there", refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, refused.Nearest.Count);
        Assert.All(refused.Nearest, static nearest => Assert.InRange(nearest.MemoryBytes, 0, Limit));
        Assert.Equal((1024, 512), (refused.Nearest[0].Width, refused.Nearest[0].Height));
        Assert.Equal(161, refused.Nearest[1].FrameCount);
        GenerationRequest more = large with { FrameCount = refused.Nearest[0].FrameCount + 4 };
        await Assert.ThrowsAsync<GenerationRefusedException>(() => pipeline.GenerateAsync(more));
    }

    [Fact]
    public async Task Other_numbers_out_of_range_are_refused()
    {
        using WanPipeline pipeline = model.Load();
        foreach (GenerationRequest bad in new[]
        {
            TinyModel.Request with { StepCount = 0 }, TinyModel.Request with { StepCount = 1001 }, TinyModel.Request with { FlowShift = -1 },
            TinyModel.Request with { GuidanceScale = double.NaN }, TinyModel.Request with { GuidanceScale = 101 },
            TinyModel.Request with { Prompt = " " },
            TinyModel.Request with { Attention = new SelfAttentionOptions { Method = "dense", Density = 0.5 } },
        })
        {
            await Assert.ThrowsAnyAsync<ArgumentException>(() => pipeline.GenerateAsync(bad));
        }
    }

    [Fact]
    public void Estimates_grow_with_what_is_asked()
    {
        using WanPipeline pipeline = model.Load();
        GenerationEstimate one = pipeline.Estimate(TinyModel.Request, MachineSpeed.Nominal);
        GenerationEstimate longer = pipeline.Estimate(TinyModel.Request with { FrameCount = 81, Width = 480, Height = 320 }, MachineSpeed.Nominal);
        GenerationEstimate unguided = pipeline.Estimate(TinyModel.Request with { GuidanceScale = 1 }, MachineSpeed.Nominal);
        GenerationEstimate sparse = pipeline.Estimate(
            TinyModel.Request with { Attention = new SelfAttentionOptions { Method = "sparge", Density = 0.25 } }, MachineSpeed.Nominal);
        Assert.Equal(3, one.Stages.Count);
        Assert.True(longer.MemoryBytes > one.MemoryBytes && longer.Seconds > one.Seconds);
        Assert.True(unguided.StepSeconds[0] < one.StepSeconds[0] && unguided.StepSeconds[0] > 0.4 * one.StepSeconds[0]);
        Assert.True(sparse.StepSeconds[0] < one.StepSeconds[0]);
        GenerationEstimate said = pipeline.Estimate(TinyModel.Request with { Prompt = new string('x', 60) }, MachineSpeed.Nominal);
        Assert.True(said.Stages[0].Seconds > one.Stages[0].Seconds);
    }

    /// <summary>A step of a mixed generation: 1 of 4 dense in float32, 3 at a quarter of the blocks in 8 bits, and every product in bfloat16.</summary>
    [Fact]
    public void Estimates_say_what_they_are_made_of()
    {
        GenerationRequest request = TinyModel.Request with
        {
            Attention = new SelfAttentionOptions { Method = "sparge", Density = 0.25, Recipe = KnownRecipes.Int8, WarmUp = new DensePolicy(1, 0) },
        };
        using WanPipeline pipeline = model.Load();
        GenerationEstimate wide = pipeline.Estimate(request, MachineSpeed.Nominal);
        StageEstimate denoising = wide.Stages[1];
        string[] names = [.. denoising.Parts.Select(static part => part.Name)];
        Assert.Equal(
            [
                "products, float32", "self-attention of 1 steps, float32, density 1.00", "self-attention of 3 steps, int8, density 0.25",
                "attention to the text", "norms, activations, sums", "first touch of weights",
            ],
            names);
        Assert.Equal(denoising.Seconds - denoising.Parts[^1].Seconds, wide.StepSeconds.Sum(), 9);
        Assert.Equal(0.75, denoising.Parts[2].Operations / denoising.Parts[1].Operations, 9);
        Assert.All(wide.Stages.SelectMany(static stage => stage.Parts), static part => Assert.NotEqual("", part.Basis));

        // 48 tokens, twice: six square products and two of the feed-forward layer in each of two layers.
        Assert.Equal(4.0 * 2 * 2 * 48 * 2 * ((6.0 * 256 * 256) + (2.0 * 256 * 512)), denoising.Parts[0].Operations, 3);
        using WanPipeline narrow = model.Load(new WanOptions { Precision = ProductPrecision.BFloat16 });
        StageEstimate rounded = narrow.Estimate(request, MachineSpeed.Nominal).Stages[1];
        Assert.Equal("products, bf16", rounded.Parts[0].Name);
        Assert.Equal(
            MatrixProduct.BFloat16Fault is null ? 1.8 : 1, denoising.Parts[0].Seconds / rounded.Parts[0].Seconds, 9);
        Assert.Equal(denoising.Parts.Skip(1), rounded.Parts.Skip(1));
    }

    /// <summary>Rates that are sampled at the model's own layers are rates: positive, finite, asked for once.</summary>
    [Fact]
    public void The_machine_is_sampled_at_the_layers_of_the_model()
    {
        using WanPipeline pipeline = model.Load(new WanOptions { Precision = ProductPrecision.BFloat16 });
        GenerationEstimate estimate = pipeline.Estimate(TinyModel.Request);
        Assert.All(estimate.Stages.SelectMany(static stage => stage.Parts), static part => Assert.True(part.Seconds is > 0 and < 60, part.ToString()));
        Assert.Contains(estimate.Stages[1].Parts, static part => part is { Name: "products, bf16", Basis: "sample, measured" });
        Assert.Contains(estimate.Stages[2].Parts, static part => part.Basis == "decoding of 2x8x8, measured");
    }

    [DataFact("wan/taehv_tiny/taew_tiny.safetensors", isFixture: true)]
    public async Task A_small_decoder_stands_in_for_the_autoencoder()
    {
        string path = Path.Combine(TestRoots.Fixtures, "wan/taehv_tiny/taew_tiny.safetensors");
        using WanPipeline own = model.Load();
        using WanPipeline tiny = model.Load(new WanOptions { TinyCodecPath = path });
        GenerationResult first = await own.GenerateAsync(TinyModel.Request);
        GenerationResult second = await tiny.GenerateAsync(TinyModel.Request);
        NumericAssert.BitwiseEqual([.. first.Latent], [.. second.Latent]);
        Assert.Equal(("wan-vae", "taehv"), (first.Record.Request.Codec, second.Record.Request.Codec));
        Assert.NotEqual(first.Record.FramesSha256, second.Record.FramesSha256);
        Assert.Equal(first.Frames.Count, second.Frames.Count);
    }

    [Fact]
    public async Task Folders_that_are_no_whole_model_are_refused_with_what_is_missing()
    {
        await Assert.ThrowsAsync<DirectoryNotFoundException>(() => WanPipeline.LoadAsync(Path.Combine(model.NewFolder(), "none")));
        string folder = model.NewFolder();
        File.Copy(Path.Combine(model.Checkpoint, "config.json"), Path.Combine(folder, "config.json"));
        string message = (await Assert.ThrowsAsync<CheckpointFormatException>(() => WanPipeline.LoadAsync(folder))).Message;
        Assert.Contains("missing are the transformer's weights, the text encoder's weights", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fingerprints_tell_models_apart_and_do_not_depend_on_the_place()
    {
        string moved = Path.Combine(model.NewFolder(), "moved");
        Directory.CreateDirectory(moved);
        foreach (string file in Directory.EnumerateFiles(model.Checkpoint, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(moved, Path.GetRelativePath(model.Checkpoint, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        string first = CheckpointFingerprint.Of(Wan.Checkpoints.WanCheckpoint.Find(model.Checkpoint));
        Assert.Equal(first, CheckpointFingerprint.Of(Wan.Checkpoints.WanCheckpoint.Find(moved)));
        string weights = Path.Combine(moved, "diffusion_pytorch_model.safetensors");
        using (FileStream file = new(weights, FileMode.Open))
        {
            file.Position = file.Length - 3;
            file.WriteByte(0x55);
        }

        Assert.NotEqual(first, CheckpointFingerprint.Of(Wan.Checkpoints.WanCheckpoint.Find(moved)));
    }

    private sealed class Recorder(List<StepProgress> reports) : IProgress<StepProgress>
    {
        public void Report(StepProgress value) => reports.Add(value);
    }
}
