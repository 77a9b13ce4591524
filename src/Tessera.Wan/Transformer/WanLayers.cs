using Tessera.Neural.Checkpoints;
using Tessera.Neural.Layers;
using Tessera.Neural.Products;

namespace Tessera.Wan.Transformer;

/// <summary>Makes layers from the names that their tensors have in common.</summary>
internal static class WanLayers
{
    /// <summary>The linear layer of <c>name.weight</c> and <c>name.bias</c>.</summary>
    public static Linear Linear(Checkpoint weights, string name, ProductPrecision precision = ProductPrecision.Float32) =>
        new(weights[$"{name}.weight"], weights[$"{name}.bias"]) { Precision = precision };
}
