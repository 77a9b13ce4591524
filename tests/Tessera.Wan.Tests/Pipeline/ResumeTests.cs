using Tessera.Attention;
using Tessera.Neural.Products;
using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.Pipeline;
using Tessera.Wan.Sampling;
using Tessera.Wan.SelfAttention;
using Xunit;

namespace Tessera.Wan.Tests.Pipeline;

public sealed class ResumeTests(TinyModel model) : IClassFixture<TinyModel>
{
    public static TheoryData<Solver> Solvers => [.. Enum.GetValues<Solver>()];

    [Theory]
    [MemberData(nameof(Solvers))]
    public async Task A_stopped_generation_ends_with_the_same_bits(Solver solver)
    {
        GenerationRequest request = TinyModel.Request with { Solver = solver };
        using WanPipeline pipeline = model.Load();
        GenerationResult whole = await pipeline.GenerateAsync(request);
        foreach (int stop in new[] { 0, 2, request.StepCount })
        {
            ResumeFile file = await InterruptAsync(request, stop);
            GenerationResult resumed = await pipeline.GenerateAsync(request, file with { Continues = true });

            NumericAssert.BitwiseEqual([.. whole.Latent], [.. resumed.Latent]);
            Assert.Equal(whole.Record.FramesSha256, resumed.Record.FramesSha256);
            Assert.Equal(Enumerable.Range(0, request.StepCount), resumed.Record.Timings.Steps.Select(static step => step.Step));
            Assert.Equal(stop > 0, resumed.Record.Notes.Any(note => note == $"Resumed after step {stop} of {request.StepCount}."));
        }
    }

    [Fact]
    public async Task Plans_that_a_generation_calibrated_for_itself_are_kept_with_it()
    {
        GenerationRequest request = TinyModel.Request with { Attention = new SelfAttentionOptions { Method = "paro", Density = 0.5 } };
        using WanPipeline pipeline = model.Load();
        GenerationResult whole = await pipeline.GenerateAsync(request);
        ResumeFile file = await InterruptAsync(request, 2);
        Assert.True(File.Exists(file.PlanPath));
        GenerationResult resumed = await pipeline.GenerateAsync(request, file with { Continues = true });
        Assert.Equal(whole.Record.FramesSha256, resumed.Record.FramesSha256);

        file = await InterruptAsync(request, 2);
        File.Delete(file.PlanPath);
        GenerationMismatchException fault = await Assert.ThrowsAsync<GenerationMismatchException>(
            () => pipeline.GenerateAsync(request, file with { Continues = true }));
        Assert.Contains("calibrated its plans", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_seed_that_was_drawn_comes_back_with_the_state()
    {
        GenerationRequest request = TinyModel.Request with { Seed = null };
        ResumeFile file = await InterruptAsync(request, 1);
        using WanPipeline pipeline = model.Load();
        GenerationResult resumed = await pipeline.GenerateAsync(request, file with { Continues = true });
        GenerationResult whole = await pipeline.GenerateAsync(request with { Seed = resumed.Record.Request.Seed });
        Assert.Equal(whole.Record.FramesSha256, resumed.Record.FramesSha256);
        file.Delete();
        Assert.False(file.Exists);
    }

    [Fact]
    public async Task Another_precision_is_recorded_and_not_resumed_in_the_first()
    {
        ResumeFile file = await InterruptAsync(TinyModel.Request, 1);
        using WanPipeline pipeline = model.Load(new WanOptions { Precision = ProductPrecision.BFloat16 });
        GenerationMismatchException fault = await Assert.ThrowsAsync<GenerationMismatchException>(
            () => pipeline.GenerateAsync(TinyModel.Request, file with { Continues = true }));
        Assert.Contains("precision was not given, is now 'BFloat16'", fault.Message, StringComparison.Ordinal);
        GenerationResult rounded = await pipeline.GenerateAsync(TinyModel.Request);
        Assert.Equal("BFloat16", rounded.Record.Request.Precision);
        using WanPipeline wide = model.Load();
        GenerationResult exact = await wide.GenerateAsync(TinyModel.Request);
        Assert.Equal("Float32", exact.Record.Request.Precision);
        Assert.NotEqual(exact.Latent, rounded.Latent);
    }

    [Fact]
    public async Task Another_request_or_model_is_refused_and_every_difference_named()
    {
        ResumeFile file = await InterruptAsync(TinyModel.Request, 1);
        GenerationRequest other = new("a blue fox")
        {
            Width = 64,
            Height = 96,
            FrameCount = 9,
            StepCount = 5,
            FlowShift = 3,
            GuidanceScale = 4,
            Solver = Solver.Euler,
            Seed = 8,
            NegativePrompt = "snow",
            Attention = new SelfAttentionOptions { Method = "sage", WarmUp = new DensePolicy(1, 0) },
        };
        string message = await RefusedAsync(model.Checkpoint, other, file);
        foreach (string difference in new[]
        {
            "prompt was 'a red fox in snow', is now 'a blue fox'", "size was '96x64', is now '64x96'", "frames was '5', is now '9'",
            "steps was '4', is now '5'", "shift was '5', is now '3'", "guidance was '5', is now '4'", "solver was 'unipc', is now 'euler'",
            "seed was '7', is now '8'", "negative prompt was ", "is now 'snow'", "attention was 'dense', is now 'sage'",
            "dense steps and layers was not given, is now 'dense steps 1, dense layers 0'",
        })
        {
            Assert.Contains(difference, message, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("checkpoint", message, StringComparison.Ordinal);
        string copy = Path.Combine(model.NewFolder(), "other");
        new Wan.Initialization.RandomCheckpoint(Wan.Initialization.WanModelSizes.Tiny, seed: 12).Write(copy);
        message = await RefusedAsync(copy, TinyModel.Request, file);
        Assert.Contains("keeps another generation: checkpoint was ", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_to_resume_and_something_to_lose_are_refused_before_work()
    {
        using WanPipeline pipeline = model.Load(probe: new GenerationProbe { Prompts = static _ => Assert.Fail("work began") });
        ResumeFile none = ResumeFile.ForOutput(Path.Combine(model.NewFolder(), "fox.png"));
        await Assert.ThrowsAsync<FileNotFoundException>(
            () => pipeline.GenerateAsync(TinyModel.Request, none with { Continues = true }));
        ResumeFile file = await InterruptAsync(TinyModel.Request, 2);
        byte[] before = await File.ReadAllBytesAsync(file.Path);
        IOException fault = await Assert.ThrowsAsync<IOException>(() => pipeline.GenerateAsync(TinyModel.Request, file));
        Assert.Contains("keeps an interrupted generation", fault.Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(file.Path));
    }

    [Fact]
    public async Task Damaged_states_give_one_clear_error()
    {
        ResumeFile file = await InterruptAsync(TinyModel.Request, 2);
        byte[] good = await File.ReadAllBytesAsync(file.Path);
        using WanPipeline pipeline = model.Load();
        Random random = new(5);
        for (int i = 0; i < 20; i++)
        {
            byte[] bad = [.. good];

            // The header, where structure lies; numbers of the latent may be anything.
            int at = random.Next(8, 2500);
            bad[at] = (byte)random.Next(256);
            await File.WriteAllBytesAsync(file.Path, i < 14 ? bad : bad[..random.Next(bad.Length)]);
            try
            {
                await pipeline.GenerateAsync(TinyModel.Request, file with { Continues = true });
            }
            catch (Exception fault)
            {
                Assert.True(fault is IOException, fault.ToString());
                Assert.Contains(file.Path, fault.Message, StringComparison.Ordinal);
            }
        }
    }

    /// <summary>Whole files whose content cannot be: each part forged by itself, the rest as it was written.</summary>
    [Theory]
    [InlineData("timings", "{}")]
    [InlineData("timings", "null")]
    [InlineData("timings", "{\"textSeconds\":1,\"steps\":[null]}")]
    [InlineData("step", "99")]
    [InlineData("step", "two")]
    [InlineData("prompt", "scalar")]
    [InlineData("prompt", "empty")]
    [InlineData("latent", "NaN")]
    [InlineData("latent", "scalar")]
    public async Task Forged_states_give_one_clear_error(string part, string forgery)
    {
        ResumeFile file = await InterruptAsync(TinyModel.Request, 2);
        SafetensorsWriter writer = new();
        using (SafetensorsFile good = SafetensorsFile.FromMemory(await File.ReadAllBytesAsync(file.Path)))
        {
            foreach ((string key, string value) in good.Metadata)
            {
                writer.Metadata[key] = key == part ? forgery : value;
            }

            foreach (TensorDescription tensor in good.Tensors)
            {
                float[] values = good.ReadSingle(tensor.Name);
                long[] shape = [.. tensor.Shape];
                (shape, values) = tensor.Name == part
                    ? forgery switch { "scalar" => ((long[])[], [1f]), "empty" => ([0, shape[^1]], []), _ => (shape, [float.NaN, .. values[1..]]) }
                    : (shape, values);
                writer.Add<float>(tensor.Name, shape, values);
            }
        }

        writer.Save(file.Path);
        using WanPipeline pipeline = model.Load();
        IOException fault = await Assert.ThrowsAnyAsync<IOException>(
            () => pipeline.GenerateAsync(TinyModel.Request, file with { Continues = true }));
        Assert.Contains(file.Path, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    private static async Task<string> RefusedAsync(string checkpoint, GenerationRequest request, ResumeFile file)
    {
        using WanPipeline pipeline = WanPipeline.Load(checkpoint, new WanOptions(), null);
        return (await Assert.ThrowsAsync<GenerationMismatchException>(
            () => pipeline.GenerateAsync(request, file with { Continues = true }))).Message;
    }

    /// <summary>Stops within the step after some whole ones, or within decoding.</summary>
    private async Task<ResumeFile> InterruptAsync(GenerationRequest request, int stepsDone)
    {
        ResumeFile file = ResumeFile.ForOutput(Path.Combine(model.NewFolder(), "fox.png"));
        using CancellationTokenSource source = new();
        GenerationProbe probe = new()
        {
            Latents = (done, _) =>
            {
                if (done == stepsDone)
                {
                    source.Cancel();
                }
            },
        };
        using WanPipeline pipeline = model.Load(probe: probe);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pipeline.GenerateAsync(request, file, null, source.Token));
        Assert.True(file.Exists);
        return file;
    }
}
