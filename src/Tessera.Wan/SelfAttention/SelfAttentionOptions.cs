using Tessera.Attention;
using Tessera.Masks;
using Tessera.Quantization;
using Tessera.Serialization;

namespace Tessera.Wan.SelfAttention;

/// <summary>What a user asks of self-attention.</summary>
public sealed record SelfAttentionOptions
{
    /// <summary>One of <see cref="Methods.KnownMethods.Names"/>; null takes what <see cref="Plan"/> says, else dense.</summary>
    public string? Method { get; init; }

    /// <summary>Share of blocks computed in sparse steps, in (0, 1]; null for the method's own. Fixed by a plan file.</summary>
    public double? Density { get; init; }

    /// <summary>Number formats of sparse steps (of every step for dense and sage); null for the method's own.</summary>
    public QuantizationRecipe? Recipe { get; init; }

    /// <summary>A stored schedule; it says method, density and warm-up.</summary>
    public PlanFile? Plan { get; init; }

    /// <summary>Dense warm-up; null for the method's own, or that of the plan file.</summary>
    public DensePolicy? WarmUp { get; init; }

    /// <summary>Blocks of plans that are made here.</summary>
    public BlockSize BlockSize { get; init; } = BlockSize.Default;

    /// <summary>Q, K and V to write; null for none.</summary>
    public CaptureRequest? Capture { get; init; }

    /// <summary>Runs dense attention beside, to report deviations.</summary>
    public bool ComparesDense { get; init; }

    /// <summary>Where PARO without a stored plan keeps what it calibrated, for resuming; null keeps it in memory only.</summary>
    public string? CalibratedPlanPath { get; init; }

    /// <summary>What that depends on beside these options: prompt, seed, model.</summary>
    public string Fingerprint { get; init; } = "";
}
