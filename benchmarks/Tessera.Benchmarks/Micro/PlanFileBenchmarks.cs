using BenchmarkDotNet.Attributes;
using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Serialization;

namespace Tessera.Benchmarks.Micro;

/// <summary>Writing and reading the plan of one Wan2.1-1.3B layer at 480p: 32,760 tokens, 12 heads, 512 x 512 blocks a head, density 0.2.</summary>
[MemoryDiagnoser]
public class PlanFileBenchmarks
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), "tessera-benchmark-plan.safetensors");
    private PlanFile _plan = null!;

    [GlobalSetup]
    public void Make()
    {
        TokenGrid grid = new(21, 30, 52);
        BlockMaskBuilder builder = new(12, grid.Tokens, grid.Tokens, BlockSize.Default);
        Random random = new(1);
        for (int head = 0; head < 12; head++)
        {
            for (int row = 0; row < builder.QueryBlocks; row++)
            {
                builder.Keep(head, row, row);
                for (int column = 0; column < builder.KeyBlocks; column++)
                {
                    if (random.NextDouble() < 0.2)
                    {
                        builder.Keep(head, row, column);
                    }
                }
            }
        }

        _plan = PlanFile.Of(new AttentionPlan
        {
            Name = "wan",
            Shape = new AttentionShape(1, 12, grid.Tokens, grid.Tokens, 128),
            Grid = grid,
            Orders = [.. Enumerable.Range(0, 12).Select(head => TokenOrder.ForAxisOrder(grid, new AxisOrder(head % 6)))],
            Mask = builder.Build(),
        });
        _plan.Save(_path);
    }

    [GlobalCleanup]
    public void Delete() => File.Delete(_path);

    [Benchmark]
    public string Save() => _plan.Save(_path);

    [Benchmark]
    public PlanFile Load() => PlanFile.Load(_path);
}
