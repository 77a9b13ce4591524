using Tessera.TestKit;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Pipeline;
using Tessera.Wan.Sampling;
using Xunit;

namespace Tessera.Wan.Tests.Pipeline;

public sealed class PipelineGoldenTests
{
    /// <summary>Ten times closer than the recording asks for.</summary>
    private const double Tolerance = 1e-4;

    /// <summary>Modules alone, as the recording calls reachable.</summary>
    private const double ModuleTolerance = 2e-5;

    [DataFact(PipelineFixture.RunFile, isFixture: true)]
    public Task Every_stage_of_the_recorded_run_is_met_from_the_original_layout_and_its_PyTorch_files() => RequireRecorded("original");

    [DataFact(PipelineFixture.RunFile, isFixture: true)]
    public Task Every_stage_of_the_recorded_run_is_met_from_the_layout_of_diffusers() => RequireRecorded("diffusers");

    [DataFact(PipelineFixture.RunFile, isFixture: true)]
    public async Task Both_layouts_give_the_same_bytes_with_either_solver()
    {
        using PipelineFixture fixture = new();
        using WanPipeline original = fixture.Load("original");
        using WanPipeline diffusers = fixture.Load("diffusers");
        foreach (Solver solver in new[] { Solver.UniPc, Solver.Euler })
        {
            GenerationRequest request = fixture.Request with { Solver = solver };
            GenerationResult first = await original.GenerateAsync(request);
            GenerationResult second = await diffusers.GenerateAsync(request);
            NumericAssert.BitwiseEqual([.. first.Latent], [.. second.Latent]);
            Assert.Equal(first.Record.FramesSha256, second.Record.FramesSha256);
            if (solver == Solver.Euler)
            {
                Assert.Equal(fixture.Expected.ReadSingle("euler.sigmas"), first.Record.Sampler.Sigmas);
                Assert.Equal(fixture.Expected.ReadSingle("euler.timesteps"), first.Record.Sampler.Timesteps);
                Golden.Close(fixture.Expected.Tensor("euler.latents_final"), [.. first.Latent], Tolerance);
            }
        }
    }

    private static async Task RequireRecorded(string layout)
    {
        using PipelineFixture fixture = new();
        List<string> faults = [];
        int steps = 0;
        float[] pixels = new float[fixture.Expected["video"].ElementCount];
        GenerationProbe probe = new()
        {
            Prompts = prompts =>
            {
                Near(faults, fixture, "context_cond", 0, prompts.Prompt.Rows, ModuleTolerance);
                Near(faults, fixture, "context_uncond", 0, prompts.Negative!.Rows, ModuleTolerance);
            },
            Velocities = (step, conditional, unconditional) =>
            {
                Near(faults, fixture, "noise_pred_cond", step, conditional, Tolerance);
                Near(faults, fixture, "noise_pred_uncond", step, unconditional!, Tolerance);
            },
            Latents = (done, latent) =>
            {
                if (done > 0)
                {
                    steps = done;
                    Near(faults, fixture, "latents_after_step", done - 1, latent, Tolerance);
                }
            },
            Pixels = (in VideoFrameGroup group) => group.Pixels.CopyTo(pixels.AsSpan(group.First * group.FrameLength)),
        };
        using WanPipeline pipeline = fixture.Load(layout, probe);
        GenerationResult result = await pipeline.GenerateAsync(fixture.Request);

        Assert.Equal(fixture.Steps, steps);
        Assert.Equal(fixture.Expected.ReadSingle("sigmas"), result.Record.Sampler.Sigmas);
        Assert.Equal(fixture.Expected.ReadSingle("timesteps"), result.Record.Sampler.Timesteps);
        Near(faults, fixture, "latents_final", 0, [.. result.Latent], Tolerance);
        Near(faults, fixture, "video", 0, PlanesOf(pixels, fixture.Expected["video"].Shape), Tolerance);
        RequireBytes(faults, fixture, result);
        Assert.True(faults.Count == 0, string.Join("; ", faults));
    }

    private static void Near(List<string> faults, PipelineFixture fixture, string name, int index, float[] actual, double tolerance)
    {
        float[] expected = new float[actual.Length];
        fixture.Expected.ReadSingle(name, (long)index * actual.Length, expected);
        double largest = Golden.LargestDifference(expected, actual);
        if (!(largest <= tolerance))
        {
            faults.Add($"{name}[{index}] differs by {largest:g3}, at most {tolerance:g3} is allowed");
        }
    }

    /// <summary>A byte may differ by one where the pixel lies on a rounding edge within the tolerance.</summary>
    private static void RequireBytes(List<string> faults, PipelineFixture fixture, GenerationResult result)
    {
        byte[] expected = fixture.Expected.ReadArray<byte>("video_u8_tchw");
        IReadOnlyList<long> shape = fixture.Expected["video_u8_tchw"].Shape;
        Assert.Equal((shape[0], shape[2], shape[3]), (result.Frames.Count, result.Frames.Height, result.Frames.Width));
        int plane = (int)(shape[2] * shape[3]);
        int different = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            (int frame, int rest) = Math.DivRem(i, 3 * plane);
            (int channel, int position) = Math.DivRem(rest, plane);
            int apart = Math.Abs(expected[i] - result.Frames.Frame(frame)[(position * 3) + channel]);
            Assert.InRange(apart, 0, 1);
            different += apart;
        }

        if (different > expected.Length / 1000)
        {
            faults.Add($"{different} of {expected.Length} bytes differ");
        }
    }

    /// <summary>[frames, height, width, 3] as [3, frames, height, width].</summary>
    private static float[] PlanesOf(float[] pixels, IReadOnlyList<long> shape)
    {
        int plane = (int)(shape[1] * shape[2] * shape[3]);
        float[] planes = new float[pixels.Length];
        for (int i = 0; i < pixels.Length; i++)
        {
            planes[((i % 3) * plane) + (i / 3)] = pixels[i];
        }

        return planes;
    }
}
