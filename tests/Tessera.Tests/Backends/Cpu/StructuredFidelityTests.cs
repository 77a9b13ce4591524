using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Fidelity;
using Tessera.Layout;
using Tessera.Quantization;
using Tessera.Synthesis;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Backends.Cpu;

/// <summary>What recipes cost on heads of CogVideoX size: 13x30x45 video tokens and 226 text tokens, 8 heads of 64.</summary>
public sealed class StructuredFidelityTests
{
    [WideVectorFact]
    public void Integer_recipes_stay_close_to_dense_attention()
    {
        StructuredHeads heads = StructuredHeads.Create(TokenGrid.Parse("13x30x45+226@front"), 8, 64, seed: 42);
        float[] dense = Run(heads, KnownRecipes.Float32);

        double int8 = AttentionError.Compare(dense, Run(heads, CpuBackend.PreferredInt8)).Cosine;
        double keyValue4 = AttentionError.Compare(dense, Run(heads, KnownRecipes.KeyValue4)).Cosine;
        double int4 = AttentionError.Compare(dense, Run(heads, KnownRecipes.Int4)).Cosine;
        double released = AttentionError.Compare(dense, Run(heads, KnownRecipes.ParoReleased)).Cosine;

        Assert.InRange(int8, 0.999, 1);
        Assert.InRange(int4, 0.98, 1);
        Assert.InRange(keyValue4, 0.98, 1);
        Assert.InRange(released, 0, int8);
    }

    private static float[] Run(StructuredHeads heads, QuantizationRecipe recipe)
    {
        float[] output = new float[heads.Query.Length];
        using IAttentionKernel kernel = CpuBackend.Shared.Compile(AttentionPlan.Dense(heads.Shape) with { Recipe = recipe });
        _ = kernel.Run(heads.Inputs, new TensorSpan<float>(output, [1, heads.Shape.Heads, heads.Shape.QueryLength, heads.Shape.HeadDim]));
        return output;
    }
}
