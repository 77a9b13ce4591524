using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Backends.Reference;
using Tessera.Cuda.Emulation;
using Tessera.Fidelity;
using Tessera.Masks;
using Tessera.Methods.Flex;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Tests.Backend;

/// <summary>One plan on the CUDA backend over the emulated device, and in double precision.</summary>
internal sealed class BackendCase(AttentionPlan plan, SeededInputs inputs, RotaryEmbedding? rotary = null)
{
    /// <summary>
    /// Relative error that exp2.approx and binary32 sums may add to the recipe in double: what hardware will be held to as well.
    /// </summary>
    public const double Bound = 5e-3;

    public static readonly CudaOptions Unverified = new() { AllowUnverifiedKernels = true };

    public AttentionPlan Plan { get; } = plan;

    public SeededInputs Inputs { get; } = inputs;

    private AttentionInputs Call => Inputs.Inputs with { Rotary = rotary };

    public static BackendCase Of(AttentionPlan plan, RotaryEmbedding? rotary = null, int seed = 7) =>
        new(plan, SeededInputs.Biased(plan.Shape, seed), rotary);

    public static AttentionPlan Dense(AttentionShape shape, QuantizationRecipe recipe) => AttentionPlan.Dense(shape, new BlockSize(64, 64)) with { Recipe = recipe };

    /// <summary>The mask of a functor over as many queries as keys.</summary>
    public static BlockMask MaskOf<TMod>(int tokens, BlockSize size, TMod mod)
        where TMod : struct, IMaskMod => FlexAttention.CreateBlockMask(mod, 1, tokens, tokens, size);

    /// <summary>A random mask, every row with a block but the first when asked.</summary>
    public static BlockMask RandomMask(int slots, double density, int heads, BlockSize? size = null, bool emptyRow = false, int seed = 3)
    {
        BlockMaskBuilder builder = new(heads, slots, slots, size ?? new BlockSize(64, 64));
        Random random = new(seed);
        for (int head = 0; head < heads; head++)
        {
            for (int row = emptyRow ? 1 : 0; row < builder.QueryBlocks; row++)
            {
                builder.Keep(head, row, random.Next(builder.KeyBlocks));
                for (int column = 0; column < builder.KeyBlocks; column++)
                {
                    if (random.NextDouble() < density)
                    {
                        builder.Keep(head, row, column);
                    }
                }
            }
        }

        return builder.Build();
    }

    /// <summary>Runs on the emulated device with poisoned output.</summary>
    public (float[] Output, float[] LogSumExp, AttentionStatistics Statistics) Run(EmulatedDevice? device = null)
    {
        AttentionShape shape = Plan.Shape;
        float[] output = new float[Inputs.Query.Length];
        float[] logSumExp = new float[output.Length / shape.HeadDim];
        Array.Fill(output, float.NaN);
        Array.Fill(logSumExp, float.NaN);
        using EmulatedDevice own = new(schedule: new EmulatedSchedule(3));
        using CudaBackend backend = new(device ?? own, Unverified);
        using CudaAttentionKernel kernel = backend.Compile(Plan);
        TensorSpan<float> target = new(output, [shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDim]);
        AttentionStatistics statistics = kernel.Run(Call, target, logSumExp);
        return (output, logSumExp, statistics);
    }

    /// <summary>Runs and compares output and log-sum-exp with the recipe in double.</summary>
    public void Agrees()
    {
        (float[] output, float[] logSumExp, _) = Run();
        ReferenceResult recipe = ReferenceAttention.Compute(Plan, Call);
        double error = AttentionError.Compare(recipe.Output, output).RelativeL2;
        Assert.True(error <= Bound, $"{Plan}: relative L2 {error:g4} from the recipe in double; bound {Bound}");
        for (int row = 0; row < logSumExp.Length; row++)
        {
            double difference = Math.Abs(recipe.LogSumExp[row] - logSumExp[row]);
            Assert.True(
                recipe.LogSumExp[row].Equals(logSumExp[row]) || difference <= 1e-3 * Math.Max(1, Math.Abs(recipe.LogSumExp[row])),
                $"{Plan}: log-sum-exp of row {row} is {logSumExp[row]}, in double {recipe.LogSumExp[row]}");
        }
    }
}
