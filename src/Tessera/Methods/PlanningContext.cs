using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Methods;

/// <summary>What a method needs to know beside Q and K.</summary>
/// <param name="Grid">Token grid of queries and keys.</param>
public readonly record struct PlanningContext(TokenGrid Grid)
{
    /// <summary>Step and layer of the call.</summary>
    public StepContext Step { get; init; } = StepContext.Standalone;

    /// <summary>Recipe the plan shall carry; null leaves the method's own default (FP8 for FPS, INT8 for Sage, none otherwise).</summary>
    public QuantizationRecipe? Recipe { get; init; }

    /// <summary>Blocks of the plan.</summary>
    public BlockSize BlockSize { get; init; } = BlockSize.Default;

    /// <summary>Softmax scale; null means 1 / sqrt(HeadDim).</summary>
    public double? Scale { get; init; }

    /// <summary>Threads that planning may use; 0 means one per processor. Plans do not depend on it.</summary>
    public int Threads { get; init; }
}
