using Tessera.Attention;

namespace Tessera.Methods.SparseVideoGen;

/// <summary>Settings of Sparse VideoGen; names of the released flags in brackets.</summary>
public sealed record SparseVideoGenOptions
{
    /// <summary>
    /// Share of blocks computed, in (0, 1] [<c>--sparsity</c>, which is the kept density despite its name]. Published presets: 0.30 Wan
    /// 720p, 0.25 Hunyuan 720p and CogVideoX, 0.20 Hunyuan 480p.
    /// </summary>
    public double Density { get; init; } = 0.30;

    /// <summary>How the band follows from the density.</summary>
    public BandRule BandRule { get; init; }

    /// <summary>Which mask.</summary>
    public SparseVideoGenVariant Variant { get; init; }

    /// <summary>Query rows that classify a head [<c>--num_sampled_rows</c>].</summary>
    public int SampledRows { get; init; } = 64;

    /// <summary>Rows are drawn from this many first video tokens [<c>--sample_mse_max_row</c>].</summary>
    public int SampleRange { get; init; } = 10_000;

    /// <summary>Seed of the drawn rows; with step, layer and head it decides them, so equal calls give equal plans.</summary>
    public int Seed { get; init; }

    /// <summary>Share of the steps that run dense, from the first [<c>--first_times_fp</c>]; 0.2 for Wan T2V.</summary>
    public double FirstStepsDense { get; init; }

    /// <summary>Share of the layers that run dense, from the first [<c>--first_layers_fp</c>]; 0.03 for Wan.</summary>
    public double FirstLayersDense { get; init; }

    /// <summary>The dense warm-up of a sampler and a model.</summary>
    public DensePolicy DensePolicy(StepContext step) =>
        Attention.DensePolicy.OfShares(FirstStepsDense, step.StepCount, FirstLayersDense, step.LayerCount);
}
