using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Masks;
using Tessera.Methods;
using Tessera.Methods.Paro;
using Tessera.Serialization;
using Tessera.Wan.Sampling;
using Tessera.Wan.SelfAttention;
using Tessera.Wan.SelfAttention.Calibration;
using Tessera.Wan.Transformer;
using Xunit;

namespace Tessera.Wan.Tests.SelfAttention.Calibration;

public sealed class CalibrationRunTests(TinyTransformer tiny) : IClassFixture<TinyTransformer>, IDisposable
{
    private const int Steps = 6;

    private readonly string _folder = Directory.CreateTempSubdirectory("tessera-calibrate-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Plans_are_those_of_the_calibrator_on_captured_tensors()
    {
        CalibrationRequest request = Request("paro", prompts: 2);
        PlanFile file = Open(request).Execute();
        string capture = Path.Combine(_folder, "capture");
        ParoCalibrator direct = new(
            new PlanningContext(TinyTransformer.Grid) { BlockSize = new BlockSize(16, 16) }, request.Settings.Shape, CpuMapReader.Shared,
            new ParoOptions { Density = 0.3 }, ParoTimeSharing.Uniform(Steps, 2));
        for (int prompt = 0; prompt < 2; prompt++)
        {
            Denoise(request, prompt, capture);
            foreach (int step in new[] { 1, 4 })
            {
                foreach (string branch in new[] { "cond", "uncond" })
                {
                    string path = Path.Combine(capture, $"qkv-step00{step}-layer02-{branch}.safetensors");
                    using SafetensorsFile tensors = SafetensorsFile.Open(path);
                    direct.Add(
                        new AttentionInputs(
                            request.Settings.Shape, tensors.ReadSingle("query"), tensors.ReadSingle("key"), tensors.ReadSingle("value")),
                        step);
                }
            }

            direct.ChooseOrders();
        }

        ParoCalibration wanted = direct.Build();
        Assert.Equal(3, file.Schedule.Layers);
        Assert.Equal(2, file.Schedule.Rows);
        for (int group = 0; group < 2; group++)
        {
            AttentionPlan actual = file.Schedule[new StepContext(group * 3, Steps, 2, 3)];
            AttentionPlan expected = wanted.Plans[group];
            Assert.Equal(
                Enumerable.Range(0, 2).Select(head => expected.OrderOf(head)?.Name ?? "FHW"),
                Enumerable.Range(0, 2).Select(head => actual.OrderOf(head)?.Name ?? "FHW"));
            Assert.Equal(expected.Mask.KeptBlocks, actual.Mask.KeptBlocks);
            for (int head = 0; head < 2; head++)
            {
                for (int row = 0; row < expected.Mask.QueryBlocks; row++)
                {
                    // Rows turned before and while they are read may differ in the last bit, which decides no block here.
                    Assert.Equal(expected.Mask.FullKeyBlocks(head, row), actual.Mask.FullKeyBlocks(head, row));
                }
            }
        }

        Assert.Equal(0.3, file.Schedule.Plans.Average(static plan => plan.Mask.Density), 0.01);
        Assert.All(file.KeptMass, mass => Assert.InRange(mass, 0.25f, 1f));
    }

    [Theory]
    [InlineData("paro")]
    [InlineData("sta")]
    [InlineData("fps")]
    public void A_plan_file_of_every_method_runs_in_the_transformer(string method)
    {
        CalibrationRequest request = Request(method, prompts: 1);
        request = request with { Settings = request.Settings with { WarmUp = new DensePolicy(1, 1) } };
        CalibrationRun run = Open(request);
        string path = Path.Combine(_folder, "plan.safetensors");
        run.Execute().Save(path);
        run.Discard();
        Assert.False(Directory.Exists(request.StateFolder));
        PlanFile file = PlanFile.Load(path);
        Assert.Equal(new DensePolicy(1, 1), file.Schedule.Policy);
        Assert.StartsWith(method, file.Schedule.Name, StringComparison.Ordinal);
        using SelfAttentionSession session = tiny.Session(new SelfAttentionOptions { Plan = file, ComparesDense = true }, Steps);
        for (int step = 0; step < Steps; step++)
        {
            tiny.Velocities(session.Attention, step, Steps);
        }

        Assert.Equal(1, session.Meter.OfStep(0).Density);
        Assert.Equal([1, 2], session.Deviations!.Layers.Select(static layer => layer.Layer));
        Assert.InRange(session.Deviations.Total.RelativeL2, 1e-4, 0.7);
    }

    [Theory]
    [InlineData("paro", 1)]
    [InlineData("paro", 2)]
    [InlineData("sta", 2)]
    [InlineData("fps", 1)]
    public void An_interrupted_calibration_makes_the_same_file(string method, int prompts)
    {
        CalibrationRequest request = Request(method, prompts);
        byte[] whole = Bytes(Open(request).Execute(), "whole");
        Directory.Delete(request.StateFolder, recursive: true);

        // Stop after every seventh layer: within steps that are looked at and others, between branches, steps and prompts.
        int stops = 0;
        PlanFile? file = null;
        while (file is null)
        {
            using CancellationTokenSource source = new();
            int layers = 0;
            try
            {
                file = Open(request).Execute(new Callback(() =>
                {
                    if (++layers == 7)
                    {
                        source.Cancel();
                    }
                }), source.Token);
            }
            catch (OperationCanceledException)
            {
                stops++;
            }
        }

        Assert.True(stops >= 4, $"{stops} interruptions");
        Assert.Equal(whole, Bytes(file, "parts"));
    }

    [Fact]
    public void Another_calibration_does_not_go_on_with_a_folder()
    {
        CalibrationRequest request = Request("sta", 1);
        _ = Open(request);
        foreach (CalibrationRequest other in new[]
        {
            request with { Seed = 9 },
            request with { Guidance = 4 },
            request with { Checkpoint = "other" },
            request with { Table = new SigmaTable(Solver.Euler, Steps, 5) },
            request with { Settings = request.Settings with { Density = 0.31 } },
            request with { Prompts = [request.Prompts[0] with { Text = "a cat" }] },
        })
        {
            InvalidDataException fault = Assert.Throws<InvalidDataException>(() => Open(other));
            Assert.Contains("interrupted calibration with other settings", fault.Message, StringComparison.Ordinal);
        }

        // What a processor with other vectors would have left.
        string marker = Path.Combine(request.StateFolder, "calibration.txt");
        string mine = File.ReadAllText(marker);
        File.WriteAllText(marker, mine.Replace(" bits", " other bits", StringComparison.Ordinal));
        Assert.NotEqual(mine, File.ReadAllText(marker));
        Assert.Contains(
            "another version or vector width", Assert.Throws<InvalidDataException>(() => Open(request)).Message, StringComparison.Ordinal);
        File.WriteAllText(marker, mine);
        _ = Open(request);
    }

    [Theory]
    [InlineData("trajectory.safetensors")]
    [InlineData("layer-001-group-000.safetensors")]
    [InlineData("layer-001-orders.txt")]
    public void A_damaged_state_is_told_by_file(string name)
    {
        CalibrationRequest request = Request("paro", 1);
        Open(request).Execute();
        string path = Path.Combine(request.StateFolder, name);
        Assert.True(File.Exists(path));
        byte[] bytes = File.ReadAllBytes(path);
        byte[][] damages = [[], bytes[..(bytes.Length / 2)], [.. "1 x"u8]];
        foreach (byte[] damage in damages)
        {
            File.WriteAllBytes(path, damage);
            Exception? fault = Record.Exception(() => Open(request).Execute());
            Assert.True(fault is InvalidDataException or ArgumentException, $"{fault}");
            Assert.True(fault is ArgumentException || fault.Message.Contains(name, StringComparison.Ordinal), fault.Message);
        }
    }

    [Fact]
    public void Progress_reaches_the_end_and_tells_the_time_left()
    {
        CalibrationRequest request = Request("sta", 2);
        Callback callback = new(static () => { });
        Open(request).Execute(callback);
        Assert.Equal(2 * 5 * 2 * 3, callback.Seen.Count);
        Assert.Equal(1, callback.Seen[^1].Fraction);
        Assert.Equal(TimeSpan.Zero, callback.Seen[^1].Remaining);
        Assert.Equal((1, 2, 4, 5), (callback.Seen[^1].Prompt, callback.Seen[^1].Prompts, callback.Seen[^1].Step, callback.Seen[^1].Steps));
        Assert.True(callback.Seen[0].Remaining > TimeSpan.Zero);
    }

    [Fact]
    public void Steps_to_look_at_cover_every_group()
    {
        CalibrationSettings settings = Request("paro", 1).Settings with { StepCount = 20, Groups = 4, Steps = [] };
        double[] times = [.. Enumerable.Range(0, 20).Select(static step => 1 - (step / 20.0))];
        Assert.Equal([1, 4, 7, 10, 13, 16, 19], settings.StepsToObserve(times));
        Assert.Equal([7, 10, 13, 16, 19], (settings with { WarmUp = new DensePolicy(6, 0) }).StepsToObserve(times));
        Assert.Equal([3, 8, 12, 17], (settings with { Steps = [12, 3, 8, 17] }).StepsToObserve(times));
        Assert.Equal(Enumerable.Range(0, 4), (settings with { Groups = 9, StepCount = 4 }).StepsToObserve(times[..4]));
        Refuses(settings with { Steps = [1, 2, 3, 4, 5] }, "No step of group 2 (steps 10 to 14)");
        Refuses(settings with { Steps = [0, 5, 10, 15], WarmUp = new DensePolicy(2, 0) }, "wanted steps 2 to 19");
        Refuses(settings with { Steps = [20] }, "wanted steps 0 to 19");
        Refuses(settings with { WarmUp = new DensePolicy(20, 0) }, "nothing is left to calibrate");
        Refuses(settings with { Method = "svg" }, "wanted one of paro, fps, sta");
        Refuses(settings with { Density = 0 }, "share of blocks computed");

        void Refuses(CalibrationSettings wrong, string why) => Assert.Contains(
            why, Assert.Throws<ArgumentException>(() => wrong.StepsToObserve(times)).Message, StringComparison.Ordinal);
    }

    private CalibrationRequest Request(string method, int prompts) => new(
        new CalibrationSettings
        {
            Model = tiny.Config,
            Grid = TinyTransformer.Grid,
            StepCount = Steps,
            Method = method,
            Density = method == "paro" ? 0.3 : 0.6,
            BlockSize = new BlockSize(16, 16),
            Groups = 2,
            Steps = method == "fps" ? [] : [1, 4],
        },
        new SigmaTable(Solver.UniPc, Steps, 5))
    {
        Prompts = [.. Enumerable.Range(0, prompts).Select(prompt => new CalibrationPrompt($"prompt {prompt}", tiny.Rows(prompt), 4))],
        Negative = new CalibrationPrompt("", tiny.Rows(99), 4),
        Seed = 7,
        StateFolder = Path.Combine(_folder, "state"),
        Checkpoint = "tiny",
    };

    private CalibrationRun Open(CalibrationRequest request) =>
        new(tiny.Model, request, TinyTransformer.Kernels, CpuMapReader.Shared);

    private byte[] Bytes(PlanFile file, string name)
    {
        string path = Path.Combine(_folder, $"{name}.safetensors");
        file.Save(path);
        return File.ReadAllBytes(path);
    }

    /// <summary>The dense generation that the calibration looks into, captured.</summary>
    private void Denoise(CalibrationRequest request, int prompt, string folder)
    {
        CaptureRequest wanted = new(folder) { Steps = [1, 4], Layers = [2], Branches = Enum.GetValues<GuidanceBranch>() };
        using CapturingSelfAttention attention = new(new DenseSelfAttention(), wanted);
        using TransformerContext text = tiny.Model.EncodeText(request.Prompts[prompt].Rows, 4);
        using TransformerContext negative = tiny.Model.EncodeText(request.Negative!.Rows, 4);
        float[] sample = LatentNoise.FromSeed(TinyTransformer.Shape, request.Seed + (ulong)prompt);
        Sampler sampler = Sampler.Create(request.Table);
        while (sampler.Step <= 4)
        {
            float[][] velocities =
            [
                .. new[] { (text, GuidanceBranch.Conditional), (negative, GuidanceBranch.Unconditional) }.Select(pass =>
                {
                    float[] velocity = new float[sample.Length];
                    TransformerInputs inputs = new()
                    {
                        Latent = sample,
                        Shape = TinyTransformer.Shape,
                        Timestep = sampler.Timestep,
                        Text = pass.Item1,
                        Step = new StepContext(sampler.Step, Steps, 0, 3),
                        Branch = pass.Item2,
                    };
                    tiny.Model.Forward(inputs, attention, velocity);
                    return velocity;
                }),
            ];
            ClassifierFreeGuidance.Combine(velocities[0], velocities[1], (float)request.Guidance);
            sampler.Advance(velocities[0], sample);
        }
    }

    private sealed class Callback(Action act) : IProgress<CalibrationProgress>
    {
        public List<CalibrationProgress> Seen { get; } = [];

        public void Report(CalibrationProgress value)
        {
            Seen.Add(value);
            act();
        }
    }
}
