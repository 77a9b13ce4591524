using Tessera.Quantization;

namespace Tessera.Methods.Sage;

/// <summary>Settings of SageAttention.</summary>
public sealed record SageOptions
{
    /// <summary>Which kernel's number formats.</summary>
    public SageVariant Variant { get; init; } = SageVariant.Sage2;

    /// <summary>Subtract the channel mean of K first (<c>smooth_k</c>); on in every published result.</summary>
    public bool SmoothKey { get; init; } = true;

    /// <summary>Subtract the channel mean of Q per block and correct the scores (SageAttention2's 4-bit kernels).</summary>
    public bool SmoothQuery { get; init; }

    /// <summary>The recipe of these settings.</summary>
    public QuantizationRecipe Recipe
    {
        get
        {
            QuantizationRecipe recipe = Variant switch
            {
                SageVariant.Sage => KnownRecipes.Sage,
                SageVariant.Sage2 => KnownRecipes.Sage2,
                SageVariant.Int8Value => KnownRecipes.SageInt8Value,
                _ => throw new InvalidOperationException($"Variant {Variant} is unknown; wanted Sage, Sage2 or Int8Value."),
            };
            return SmoothKey && !SmoothQuery ? recipe : recipe with
            {
                Name = $"{recipe.Name}{(SmoothKey ? "" : "-rough-k")}{(SmoothQuery ? "-smooth-q" : "")}",
                SmoothKey = SmoothKey,
                SmoothQuery = SmoothQuery,
            };
        }
    }
}
