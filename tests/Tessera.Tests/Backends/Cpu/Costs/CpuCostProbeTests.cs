using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Backends.Cpu.Costs;

public sealed class CpuCostProbeTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"tessera-costs-{Guid.NewGuid():N}");

    public void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    // Real measuring, once: what is found must predict something, be kept, and not be measured again. No time is asserted.
    [WideVectorFact]
    public void Constants_are_measured_when_first_needed_and_kept_for_the_next_process()
    {
        AttentionPlan plan = AttentionPlan.Dense(new AttentionShape(1, 2, 1024, 1024, 64)) with { Recipe = KnownRecipes.KeyValue4 };
        CpuCostModel first = CpuCostModel.ForThisMachine(null, _folder);
        Assert.False(first.Knows(plan));

        double seconds = first.Predict(plan).Seconds;

        Assert.True(double.IsFinite(seconds) && seconds > 0);
        CpuCostModel second = CpuCostModel.ForThisMachine(null, _folder);
        Assert.True(second.Knows(plan));
        Assert.Equal(seconds, second.Predict(plan).Seconds);
        Assert.Equal(first.Constants.ToJson(), second.Constants.ToJson());
    }
}
