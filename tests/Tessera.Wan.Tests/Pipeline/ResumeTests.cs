using Tessera.Attention;
using Tessera.Backends.Reference;
using Tessera.Layout;
using Tessera.Neural.Products;
using Tessera.Quantization;
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

    /// <summary>State of an earlier process that computed otherwise, forged into the file: what a change of machine looks like.</summary>
    [Theory]
    [InlineData("vectors", "\"vectors\":\"64 bits\"", 2)]
    [InlineData("program", "\"program\":\"0.0.1, build 00000000\"", 4)]
    [InlineData("attention", "\"attention\":\"abacus\"", 1)]
    public async Task Another_arithmetic_is_refused_unless_allowed_and_then_recorded(string name, string forgery, int stop)
    {
        ResumeFile file = await InterruptAsync(TinyModel.Request, stop);
        Rewrite(file, (key, value) => key == "arithmetic" ? Replaced(value, name, forgery) : value);
        byte[] before = await File.ReadAllBytesAsync(file.Path);
        using WanPipeline pipeline = model.Load();
        GenerationMismatchException fault = await Assert.ThrowsAsync<GenerationMismatchException>(
            () => pipeline.GenerateAsync(TinyModel.Request, file with { Continues = true }));
        Assert.Contains("was computed in another arithmetic", fault.Message, StringComparison.Ordinal);
        Assert.Contains($": {name} '", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("; ", fault.Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(file.Path));

        // Interrupted once more in this arithmetic, and resumed: two stretches, not three.
        ResumeFile allowed = file with { Continues = true, AllowsOtherArithmetic = true };
        GenerationResult result = await pipeline.GenerateAsync(TinyModel.Request, allowed);
        Assert.Equal([0, stop], result.Record.Arithmetic.Select(static span => span.FirstStep));
        Assert.NotEqual(result.Record.Arithmetic[0].Arithmetic, result.Record.Arithmetic[1].Arithmetic);
        Assert.Contains(result.Record.Notes, note => note.StartsWith($"Resumed in another arithmetic after step {stop} of 4 ({name} '", StringComparison.Ordinal));
        if (stop == TinyModel.Request.StepCount)
        {
            return; // Decoding changes no state.
        }

        GenerationResult again = await pipeline.GenerateAsync(TinyModel.Request, file with { Continues = true });
        Assert.Equal(result.Record.Arithmetic, again.Record.Arithmetic);
        Assert.Equal(result.Record.FramesSha256, again.Record.FramesSha256);
    }

    [Fact]
    public async Task The_arithmetic_follows_precision_and_backend()
    {
        using WanPipeline plain = model.Load();
        GenerationArithmetic first = Assert.Single((await plain.GenerateAsync(TinyModel.Request)).Record.Arithmetic).Arithmetic;
        Assert.Equal("float32", first.Products);
        Assert.StartsWith("cpu with ", first.Attention, StringComparison.Ordinal);
        using WanPipeline rounded = model.Load(new WanOptions { Precision = ProductPrecision.BFloat16 });
        GenerationArithmetic second = (await rounded.GenerateAsync(TinyModel.Request)).Record.Arithmetic[0].Arithmetic;
        Assert.Equal(
            MatrixProduct.BFloat16Fault is null ? "bfloat16 by vdpbf16ps" : "bfloat16 by float32 instructions", second.Products);
        Assert.Equal(first with { Products = second.Products }, second);
        using WanPipeline reference = model.Load(new WanOptions { Kernels = new KernelSettings(new BackendSelector([ReferenceBackend.Shared])) });
        Assert.Equal("reference", (await reference.GenerateAsync(TinyModel.Request)).Record.Arithmetic[0].Arithmetic.Attention);
    }

    [Fact]
    public async Task Plans_of_equal_names_are_told_apart_by_their_content()
    {
        using WanPipeline pipeline = model.Load();
        AttentionShape shape = new(1, pipeline.Config.Heads, 48, 48, pipeline.Config.HeadDim);
        AttentionPlan plan = AttentionPlan.Dense(shape) with { Grid = new TokenGrid(2, 4, 6), Name = "mine" };
        GenerationRequest request = TinyModel.Request with { Attention = new SelfAttentionOptions { Plan = PlanFile.Of(plan) } };
        ResumeFile file = await InterruptAsync(request, 1);
        GenerationMismatchException fault = await Assert.ThrowsAsync<GenerationMismatchException>(() => pipeline.GenerateAsync(
            request with { Attention = new SelfAttentionOptions { Plan = PlanFile.Of(plan with { Recipe = KnownRecipes.Int8 }) } },
            file with { Continues = true }));
        Assert.Contains("keeps another generation: plan was '", fault.Message, StringComparison.Ordinal);
        await pipeline.GenerateAsync(request, file with { Continues = true });
    }

    [Fact]
    public async Task What_killed_writers_left_behind_goes_with_the_state()
    {
        ResumeFile file = await InterruptAsync(TinyModel.Request, 1);
        string folder = Path.GetDirectoryName(file.Path)!;
        string Litter(string name) => Path.Combine(folder, $".{name}.{Guid.NewGuid():N}.tmp");
        string[] mine = [Litter(Path.GetFileName(file.Path)), Litter(Path.GetFileName(file.PlanPath))];
        string[] others = [Litter("other.resume.safetensors"), Path.Combine(folder, $".{Path.GetFileName(file.Path)}.{new string('z', 32)}.tmp")];
        Array.ForEach([.. mine, .. others], static path => File.WriteAllText(path, "half"));
        using WanPipeline pipeline = model.Load();
        await pipeline.GenerateAsync(TinyModel.Request, file with { Continues = true });
        Assert.All(mine, static path => Assert.False(File.Exists(path)));
        Assert.All(others, static path => Assert.True(File.Exists(path)));
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
    [InlineData("arithmetic", "null")]
    [InlineData("arithmetic", "[]")]
    [InlineData("arithmetic", "[null]")]
    [InlineData("arithmetic", "[{\"firstStep\":0,\"arithmetic\":null}]")]
    [InlineData("arithmetic", "[{\"firstStep\":0,\"arithmetic\":{\"vectors\":\"512 bits\"}}]")]
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
        Rewrite(file, (key, value) => key == part ? forgery : value, (name, shape, values) => name == part
            ? forgery switch { "scalar" => ([], [1f]), "empty" => ([0, shape[^1]], []), _ => (shape, [float.NaN, .. values[1..]]) }
            : (shape, values));
        using WanPipeline pipeline = model.Load();
        IOException fault = await Assert.ThrowsAnyAsync<IOException>(
            () => pipeline.GenerateAsync(TinyModel.Request, file with { Continues = true }));
        Assert.Contains(file.Path, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    /// <summary>Writes a state anew with other metadata or tensors.</summary>
    private static void Rewrite(
        ResumeFile file, Func<string, string, string> metadata, Func<string, long[], float[], (long[] Shape, float[] Values)>? tensors = null)
    {
        SafetensorsWriter writer = new();
        using (SafetensorsFile good = SafetensorsFile.FromMemory(File.ReadAllBytes(file.Path)))
        {
            foreach ((string key, string value) in good.Metadata)
            {
                writer.Metadata[key] = metadata(key, value);
            }

            foreach (TensorDescription tensor in good.Tensors)
            {
                (long[] shape, float[] values) = ([.. tensor.Shape], good.ReadSingle(tensor.Name));
                (shape, values) = tensors?.Invoke(tensor.Name, shape, values) ?? (shape, values);
                writer.Add<float>(tensor.Name, shape, values);
            }
        }

        writer.Save(file.Path);
    }

    /// <summary>JSON with another value of a text field.</summary>
    private static string Replaced(string json, string name, string field)
    {
        int start = json.IndexOf($"\"{name}\":\"", StringComparison.Ordinal);
        int end = json.IndexOf('"', start + name.Length + 4) + 1;
        return $"{json[..start]}{field}{json[end..]}";
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
