using Tessera.Quantization;

namespace Tessera.Methods.Dense;

/// <summary>Settings of dense attention.</summary>
public sealed record DenseOptions
{
    /// <summary>Number formats when the call does not name any; exact by default.</summary>
    public QuantizationRecipe Recipe { get; init; } = KnownRecipes.Float32;
}
