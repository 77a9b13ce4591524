using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Sampling;
using Tessera.Wan.SelfAttention;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.Pipeline;

/// <summary>Counts what requests need of a model.</summary>
/// <param name="transformer">The transformer.</param>
/// <param name="encoder">The text encoder.</param>
/// <param name="codec">The decoder.</param>
/// <param name="weights">Bytes of the weights by stage.</param>
internal sealed class GenerationWork(
    WanTransformerConfig transformer, Umt5Config encoder, IVideoCodec codec, IReadOnlyList<long> weights)
{
    // A prompt that says a lot; most say less, and the stage is short.
    private const int PromptTokens = 256;

    /// <summary>What the runtime itself, the tokenizer and packed panels of products take.</summary>
    private const long Workspace = 160L << 20;

    /// <summary>Estimates a request whose sizes are legal.</summary>
    /// <param name="request">Request.</param>
    /// <param name="attention">Self-attention in force.</param>
    /// <param name="tiling">Tiles of the decoder, or null.</param>
    /// <param name="speed">The machine.</param>
    public GenerationEstimate Estimate(
        GenerationRequest request, SelfAttentionOptions attention, FrameTiling? tiling, MachineSpeed speed)
    {
        LatentShape latent = LatentShape.OfVideo(request.FrameCount, request.Height, request.Width);
        TokenGrid grid = PatchLayout.GridOf(latent);
        int passes = ClassifierFreeGuidance.NeedsUnconditional(request.GuidanceScale) ? 2 : 1;
        double linear = passes * LinearOperations(grid.Tokens);
        double dense = passes * 4.0 * grid.Tokens * grid.Tokens * transformer.Dim * transformer.Layers;
        AttentionOutlook outlook = new(attention, request.StepCount, transformer.Layers);
        double[] steps = new double[request.StepCount];
        double operations = 0;
        for (int step = 0; step < steps.Length; step++)
        {
            (double density, QuantizationRecipe recipe) = outlook.Of(step);
            steps[step] = (linear / speed.LinearRate)
                + (dense * density / speed.AttentionRate(recipe, transformer.HeadDim));
            operations += linear + (dense * density);
        }

        double text = passes * TextOperations();
        double decode = codec.CountDecodeOperations(latent);
        return new GenerationEstimate
        {
            Width = request.Width,
            Height = request.Height,
            FrameCount = request.FrameCount,
            Tokens = grid,
            StepSeconds = steps,
            Stages =
            [
                new StageEstimate(
                    GenerationStage.TextEncoding, weights[0], TextMemory(passes), text, speed.TextSeconds(text, weights[0])),
                new StageEstimate(
                    GenerationStage.Denoising, weights[1], DenoisingMemory(latent, passes), operations, steps.Sum()),
                new StageEstimate(
                    GenerationStage.Decoding, weights[2],
                    codec.EstimateDecodeMemory(latent, tiling) + ((long)latent.VideoFrames * latent.VideoFrameLength)
                        + (latent.Length * sizeof(float)),
                    decode, decode / speed.DecodeRate),
            ],
        };
    }

    /// <summary>Products of a pass: six square matrices and the feed-forward pair a layer, and cross-attention over the text.</summary>
    private double LinearOperations(long tokens)
    {
        double dim = transformer.Dim;
        double layer = (2 * tokens * ((6 * dim * dim) + (2 * dim * transformer.FeedForwardDim)))
            + (4 * tokens * PromptTokens * dim);
        double patches = 4.0 * tokens * dim * transformer.Channels * WanTransformerConfig.PatchVolume;
        return (layer * transformer.Layers) + patches;
    }

    private double TextOperations() => 2.0 * PromptTokens * encoder.Layers
        * (((double)encoder.Dim * encoder.AttentionDim * 4) + ((double)encoder.Dim * encoder.FeedForwardDim * 3));

    private long TextMemory(int prompts) => Workspace + (sizeof(float) * (long)prompts * PromptTokens
        * ((3L * encoder.Dim) + (4L * encoder.AttentionDim) + (2L * encoder.FeedForwardDim) + (3L * encoder.Heads)));

    /// <summary>Packed K and V, and block masks of one step, up to what kernels may hold.</summary>
    private long KernelMemory(long tokens)
    {
        long blocks = tokens / BlockSize.Default.Query;
        return Math.Min(
            KernelSettings.DefaultMemoryLimit,
            (2L * sizeof(float) * tokens * transformer.Dim) + (sizeof(int) * blocks * blocks * transformer.Heads));
    }

    private long DenoisingMemory(LatentShape latent, int passes)
    {
        long contexts = passes * sizeof(float) * (long)transformer.TextLength * transformer.Dim * ((2L * transformer.Layers) + 1);

        // The sample, two velocities, and at most three tensors that a sampler remembers.
        long samples = 6 * sizeof(float) * latent.Length;
        long activations = WanTransformer.ActivationBytes(transformer, latent);
        return Workspace + KernelMemory(PatchLayout.GridOf(latent).Tokens) + activations + contexts + samples;
    }
}
