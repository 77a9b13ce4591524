using Tessera.Attention;
using Tessera.Masks;
using Tessera.TestKit;
using Tessera.Wan.SelfAttention;
using Tessera.Wan.Transformer;
using Xunit;

namespace Tessera.Wan.Tests.SelfAttention;

public sealed class SelfCalibratingAttentionTests(TinyTransformer tiny) : IClassFixture<TinyTransformer>, IDisposable
{
    private const int Steps = 5;

    private readonly string _folder = Directory.CreateTempSubdirectory("tessera-paro-").FullName;

    private SelfAttentionOptions Options => new()
    {
        Method = "paro",
        Density = 0.3,
        BlockSize = new BlockSize(16, 16),
        WarmUp = new DensePolicy(2, 1),
        CalibratedPlanPath = Path.Combine(_folder, "plan.safetensors"),
        Fingerprint = "prompt and seed",
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_last_dense_step_calibrates_the_steps_after_it()
    {
        using SelfAttentionSession session = tiny.Session(Options, Steps);
        using DenseSelfAttention dense = new();
        Assert.Equal(1, session.CalibrationStep);
        Assert.Contains("within this generation, on step 1", Assert.Single(session.Notes), StringComparison.Ordinal);
        NumericAssert.BitwiseEqual(tiny.Velocities(dense, 0, Steps)[0], tiny.Velocities(session.Attention, 0, Steps)[0]);
        Assert.Null(session.Schedule);
        NumericAssert.BitwiseEqual(tiny.Velocities(dense, 1, Steps)[1], tiny.Velocities(session.Attention, 1, Steps)[1]);
        Assert.True(session.Meter.OfStep(1).Plan > TimeSpan.Zero);
        Assert.Equal(3, session.Schedule!.Layers);
        Assert.Equal(TimeSpan.Zero, session.Meter.OfLayer(0).Plan);
        Assert.NotEqual(tiny.Velocities(dense, 2, Steps)[0], tiny.Velocities(session.Attention, 2, Steps)[0]);
        SelfAttentionTimes sparse = session.Meter.OfStep(2);
        Assert.Equal((1 + 0.3 + 0.3) / 3, sparse.Density, 0.02);
        Assert.Equal(TimeSpan.Zero, sparse.Plan);
        Assert.Equal("dense warm-up", session.PhaseOf(new StepContext(0, Steps, 0, 3)));
        Assert.Equal("dense, calibrating paro", session.PhaseOf(new StepContext(1, Steps, 0, 3)));
        Assert.StartsWith("paro-d0.30", session.PhaseOf(new StepContext(2, Steps, 0, 3)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_interrupted_generation_goes_on_with_its_plans()
    {
        float[][] whole;
        using (SelfAttentionSession session = tiny.Session(Options, Steps))
        {
            tiny.Velocities(session.Attention, 0, Steps);
            tiny.Velocities(session.Attention, 1, Steps);
            whole = tiny.Velocities(session.Attention, 3, Steps);
        }

        using (SelfAttentionSession resumed = tiny.Session(Options, Steps))
        {
            Assert.StartsWith("paro-d0.30", resumed.PhaseOf(new StepContext(3, Steps, 0, 3)), StringComparison.Ordinal);
            float[][] rest = tiny.Velocities(resumed.Attention, 3, Steps);
            NumericAssert.BitwiseEqual(whole[0], rest[0]);
            NumericAssert.BitwiseEqual(whole[1], rest[1]);
        }

        using SelfAttentionSession other = tiny.Session(Options with { Fingerprint = "another seed" }, Steps);
        InvalidOperationException fault = Assert.Throws<InvalidOperationException>(() => tiny.Velocities(other.Attention, 3, Steps));
        Assert.Contains("layer 1 was not calibrated at step 1", fault.Message, StringComparison.Ordinal);
    }
}
