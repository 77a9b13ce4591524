using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Quantization;

namespace Tessera.Wan.Transformer;

/// <summary>
/// Self-attention over all pairs of tokens, by one kernel for each shape it meets; the last shape's is kept. Not thread-safe.
/// </summary>
public sealed class DenseSelfAttention : ISelfAttention
{
    private readonly IAttentionBackend _backend;
    private readonly QuantizationRecipe _recipe;
    private IAttentionKernel? _kernel;

    /// <summary>Makes a strategy.</summary>
    /// <param name="backend">What computes; null for <see cref="CpuBackend.Shared"/>.</param>
    /// <param name="recipe">Number formats; null for binary32.</param>
    public DenseSelfAttention(IAttentionBackend? backend = null, QuantizationRecipe? recipe = null)
    {
        _backend = backend ?? CpuBackend.Shared;
        _recipe = recipe ?? KnownRecipes.Float32;
    }

    /// <inheritdoc/>
    public void Attend(
        in SelfAttentionCall call, in AttentionInputs inputs, TensorSpan<float> output, CancellationToken cancellationToken = default)
    {
        if (_kernel is null || _kernel.Plan.Shape != inputs.Shape || _kernel.Plan.Grid != call.Grid)
        {
            _kernel?.Dispose();
            _kernel = null;
            _kernel = _backend.Compile(AttentionPlan.Dense(inputs.Shape) with { Grid = call.Grid, Recipe = _recipe });
        }

        _ = _kernel.Run(inputs, output, default, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _kernel?.Dispose();
}
