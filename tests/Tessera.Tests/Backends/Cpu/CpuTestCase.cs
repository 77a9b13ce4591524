using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Backends.Reference;
using Tessera.Masks;
using Tessera.Quantization;
using Tessera.TestKit;

namespace Tessera.Tests.Backends.Cpu;

/// <summary>Runs one plan on the CPU backend and in double precision.</summary>
internal sealed class CpuTestCase
{
    private CpuTestCase(AttentionPlan plan, SeededInputs inputs)
    {
        Plan = plan;
        Inputs = inputs;
    }

    public AttentionPlan Plan { get; }

    public SeededInputs Inputs { get; }

    /// <summary>The kernels of every width that this process has: without VNNI, with what .NET has of it, and with emitted code.</summary>
    public static IEnumerable<CpuOptions> AllOptions()
    {
        foreach (CpuInstructionSet set in (CpuInstructionSet[])[CpuInstructionSet.Vector512, CpuInstructionSet.Vector256, CpuInstructionSet.Vector128])
        {
            CpuOptions options = new() { InstructionSet = set, Threads = 2 };
            bool available;
            try
            {
                _ = options.EffectiveInstructionSet;
                available = true;
            }
            catch (PlatformNotSupportedException)
            {
                available = false;
            }

            if (available)
            {
                yield return options with { UseVnni = false };
                CpuOptions intrinsics = options with { AllowEmittedCode = false };
                if (intrinsics.EffectiveVnni)
                {
                    yield return intrinsics;
                }

                if (options.EffectiveEmittedVnni)
                {
                    yield return options;
                }
            }
        }
    }

    public static CpuTestCase Of(AttentionPlan plan, bool biased = true, int seed = 7) =>
        new(plan, biased ? SeededInputs.Biased(plan.Shape, seed) : SeededInputs.Normal(plan.Shape, seed));

    public static AttentionPlan Dense(AttentionShape shape, QuantizationRecipe? recipe = null, BlockSize? blocks = null) =>
        AttentionPlan.Dense(shape, blocks) with { Recipe = recipe ?? KnownRecipes.Float32 };

    /// <summary>A random mask of a density, every row with a block, except an empty first row when asked.</summary>
    public static BlockMask RandomMask(int querySlots, int keySlots, BlockSize size, double density, int heads, int seed = 3, bool emptyRow = false)
    {
        BlockMaskBuilder builder = new(heads, querySlots, keySlots, size);
        Random random = new(seed);
        for (int head = 0; head < heads; head++)
        {
            for (int row = emptyRow ? 1 : 0; row < builder.QueryBlocks; row++)
            {
                for (int column = 0; column < builder.KeyBlocks; column++)
                {
                    if (random.NextDouble() < density)
                    {
                        builder.Keep(head, row, column);
                    }
                }

                if (builder.KeptInRow(head, row) == 0)
                {
                    builder.Keep(head, row, random.Next(builder.KeyBlocks));
                }
            }
        }

        return builder.Build();
    }

    public (float[] Output, float[] LogSumExp, AttentionStatistics Statistics) Run(CpuOptions options)
    {
        float[] output = new float[Inputs.Query.Length];
        float[] logSumExp = new float[output.Length / Plan.Shape.HeadDim];
        AttentionShape shape = Plan.Shape;
        using IAttentionKernel kernel = new CpuBackend(options).Compile(Plan);
        TensorSpan<float> target = new(output, [shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDim]);
        AttentionStatistics statistics = kernel.Run(Inputs.Inputs, target, logSumExp);
        return (output, logSumExp, statistics);
    }

    public ReferenceResult Reference() => ReferenceAttention.Compute(Plan, Inputs.Inputs);

    public ReferenceResult Exact() => ReferenceAttention.Compute(Plan with { Recipe = KnownRecipes.Float32 }, Inputs.Inputs);
}
