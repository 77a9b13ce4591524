using System.Collections.Immutable;
using Tessera.Backends.Cpu;
using Tessera.Backends.Cpu.Costs;
using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Tests.Backends.Cpu.Costs;

/// <summary>Constants made up for tests: exact, and the same on every machine.</summary>
internal static class CostConstants
{
    public static readonly CpuOptions TwoThreads = new() { Threads = 2, InstructionSet = CpuInstructionSet.Vector128 };

    public static readonly CacheSizes Caches = new(1 << 20, 32 << 20);

    /// <summary>A model in which only the given terms cost anything, alike for every recipe.</summary>
    public static CpuCostModel Model(CpuOptions options, double wake, params ReadOnlySpan<(CostTerm Term, double Seconds)> terms)
    {
        double[] seconds = new double[KernelCosts.Terms];
        foreach ((CostTerm term, double value) in terms)
        {
            seconds[(int)term] = value;
        }

        KernelCosts costs = new(seconds);
        CpuCostConstants constants = new(
            "test machine", wake,
            KnownRecipes.All.Select(CpuCostConstants.KindOf).Distinct().ToImmutableDictionary(static kind => kind, _ => costs),
            ImmutableDictionary<string, double>.Empty.Add(
                FunctorProbe.KeyOf(MaskPredicate.Of(new Tessera.Masks.Mods.Causal())), 3e-9));
        return new CpuCostModel(constants, options, Caches, null, measures: false);
    }

    /// <summary>Plausible constants in every term.</summary>
    public static CpuCostModel Plausible(CpuOptions? options = null) => Model(
        options ?? TwoThreads, 1e-5,
        (CostTerm.Tile, 1e-6), (CostTerm.Row, 2e-8), (CostTerm.RowChannel, 2e-10), (CostTerm.ScoreProduct, 8e-12), (CostTerm.Score, 2e-10),
        (CostTerm.RowBlock, 4e-9), (CostTerm.RowChunk, 3e-9), (CostTerm.OutputProduct, 8e-12), (CostTerm.OutputFlush, 2e-11),
        (CostTerm.SpecialScore, 1e-10), (CostTerm.WholeRowScore, 2e-10), (CostTerm.KeyDot, 1e-10), (CostTerm.CacheByte, 5e-12),
        (CostTerm.MemoryByte, 4e-11), (CostTerm.PackStart, 1e-5), (CostTerm.PackSlot, 1e-7), (CostTerm.PackChannel, 2e-10));
}
