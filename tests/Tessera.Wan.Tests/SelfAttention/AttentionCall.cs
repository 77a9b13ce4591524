using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Backends.Reference;
using Tessera.Layout;
using Tessera.TestKit;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.Tests.SelfAttention;

/// <summary>Normal Q, K and V with the rotary embedding of a grid, as a transformer hands them to self-attention.</summary>
internal sealed class AttentionCall(TokenGrid grid, int heads, int headDim, int seed = 42)
{
    private readonly SeededInputs _tensors = SeededInputs.Normal(new AttentionShape(1, heads, grid.Tokens, grid.Tokens, headDim), seed);
    private readonly RotaryEmbedding _rotary = RotaryEmbedding.ForGrid(grid, headDim);

    public AttentionShape Shape => _tensors.Shape;

    public AttentionInputs Inputs => _tensors.Inputs with { Rotary = _rotary };

    public static SelfAttentionCall At(
        TokenGrid grid, int step, int layer, GuidanceBranch branch = GuidanceBranch.Conditional, int steps = 4, int layers = 3) =>
        new(grid, new StepContext(step, steps, layer, layers), branch);

    public float[] Run(ISelfAttention attention, SelfAttentionCall call)
    {
        float[] output = new float[_tensors.Query.Length];
        attention.Attend(call, Inputs, Like(output));
        return output;
    }

    public float[] Dense(IAttentionBackend? backend = null)
    {
        float[] output = new float[_tensors.Query.Length];
        using IAttentionKernel kernel = (backend ?? CpuBackend.Shared).Compile(AttentionPlan.Dense(Shape));
        kernel.Run(Inputs, Like(output));
        return output;
    }

    /// <summary>Dense attention accumulated in double precision.</summary>
    public double[] Exact() => [.. Dense(ReferenceBackend.Shared).Select(static value => (double)value)];

    private TensorSpan<float> Like(float[] output) =>
        new(output, [1, Shape.Heads, Shape.QueryLength, Shape.HeadDim]);
}
