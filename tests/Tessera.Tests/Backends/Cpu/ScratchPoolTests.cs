using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Backends.Cpu.Packing;
using Tessera.Masks;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Backends.Cpu;

public sealed unsafe class ScratchPoolTests
{
    public static TheoryData<string> Recipes => [.. KnownRecipes.All.Select(static recipe => recipe.Name)];

    /// <summary>Arenas are not cleared: whatever the last kernel left there, here bytes that read as NaN and as -1, must not show.</summary>
    [Theory]
    [MemberData(nameof(Recipes))]
    public void KernelsOnUsedMemoryGiveTheBitsOfThoseOnFreshMemory(string recipe)
    {
        AttentionShape shape = new(1, 2, 333, 333, 40);
        AttentionPlan plan = CpuTestCase.Dense(shape, KnownRecipes.Parse(recipe)) with { Mask = CpuTestCase.RandomMask(333, 333, BlockSize.Default, 0.6, 2), Grid = new(3, 3, 37) };
        CpuTestCase test = CpuTestCase.Of(plan);
        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            ScratchPool.Clear();
            (float[] output, float[] logSumExp, _) = test.Run(options);
            for (int round = 0; round < 3; round++)
            {
                Soil(plan, options);
                (float[] other, float[] otherSums, _) = test.Run(options);
                NumericAssert.BitwiseEqual(output, other);
                NumericAssert.BitwiseEqual(logSumExp, otherSums);
            }
        }
    }

    [Fact]
    public void ReturnedMemoryIsHandedOutAgainAndTheLimitHolds()
    {
        // Of a size that nothing else asks for, since other tests use the pool meanwhile.
        const long Size = 77_777_777;
        (nint first, long capacity) = ScratchPool.Rent(Size);
        ScratchPool.Return(first, capacity);
        (nint second, long again) = ScratchPool.Rent(Size - 1000);
        Assert.Equal((first, capacity), (second, again));
        (nint third, long other) = ScratchPool.Rent(Size / 2);
        Assert.NotEqual(first, third);
        ScratchPool.Return(second, again);
        ScratchPool.Return(third, other);
        for (int i = 0; i < 5; i++)
        {
            (nint large, long bytes) = ScratchPool.Rent(Size + (i * Size));
            ScratchPool.Return(large, bytes);
            Assert.True(ScratchPool.Kept <= ScratchPool.Limit);
        }

        ScratchPool.Clear();
    }

    private static void Soil(AttentionPlan plan, CpuOptions options)
    {
        KernelSet kernels = KernelSet.For(plan.Recipe, plan.Mask.Size.Key, options);
        CpuLayout layout = new(plan, kernels);
        PackingPlan packing = new(plan.Recipe, plan.Orders, plan.Grid, plan.EffectiveScale, layout, kernels.QueryOffset);
        using HeadArena arena = new(packing, plan.Shape.Heads, packsValues: true, layout.KeyBlocks);
        new Span<byte>(arena.Heads[0].Key, (int)(arena.Bytes - AlignedMemory.Alignment)).Fill(0xFF);
    }
}
