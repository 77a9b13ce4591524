using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Neural.Products;
using Tessera.Quantization;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Checkpoints;
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
    /// <summary>What the runtime itself, the tokenizer and packed panels of products take.</summary>
    private const long Workspace = 160L << 20;

    /// <summary>Bytes that norms of a layer read and write for each number of the stream: three of rows, and three of queries and
    /// keys.</summary>
    private const double RowBytes = 6 * 2 * sizeof(float);

    private const string Wide = "float32";

    /// <summary>Estimates a request whose sizes are legal.</summary>
    /// <param name="request">Request.</param>
    /// <param name="prompts">Tokens of the prompt, and of the negative one where the guidance needs it.</param>
    /// <param name="attention">Self-attention in force.</param>
    /// <param name="precision">Of the transformer's wide products.</param>
    /// <param name="tiling">Tiles of the decoder, or null.</param>
    /// <param name="speed">The machine.</param>
    public GenerationEstimate Estimate(
        GenerationRequest request, IReadOnlyList<int> prompts, SelfAttentionOptions attention, ProductPrecision precision,
        FrameTiling? tiling, MachineSpeed speed)
    {
        LatentShape latent = LatentShape.OfVideo(request.FrameCount, request.Height, request.Width);
        TokenGrid grid = PatchLayout.GridOf(latent);
        double[] steps = new double[request.StepCount];
        double decode = codec.CountExecutedOperations(latent);
        return new GenerationEstimate
        {
            Width = request.Width,
            Height = request.Height,
            FrameCount = request.FrameCount,
            Tokens = grid,
            StepSeconds = steps,
            Stages =
            [
                new StageEstimate(GenerationStage.TextEncoding, weights[0], TextMemory(prompts), [.. Text(prompts, speed)]),
                new StageEstimate(
                    GenerationStage.Denoising, weights[1], DenoisingMemory(latent, prompts.Count),
                    [.. Denoising(grid.Tokens, prompts, attention, precision, speed, steps)]),
                new StageEstimate(
                    GenerationStage.Decoding, weights[2],
                    codec.EstimateDecodeMemory(latent, tiling) + ((long)latent.VideoFrames * latent.VideoFrameLength)
                        + (latent.Length * sizeof(float)),
                    [
                        new EstimatePart("convolutions", decode, decode / speed.DecodeRate(latent), speed.DecodeBasis),
                        Mapping(weights[2], speed),
                    ]),
            ],
        };
    }

    private IEnumerable<EstimatePart> Text(IReadOnlyList<int> prompts, MachineSpeed speed)
    {
        int rows = prompts.Sum();
        double attention = 2.0 * rows * encoder.Layers * encoder.Dim * encoder.AttentionDim * 4;
        double forward = 2.0 * rows * encoder.Layers * encoder.Dim * encoder.FeedForwardDim * 3;
        double seconds = (attention / speed.ProductRate(rows, encoder.Dim, encoder.AttentionDim, ProductPrecision.Float32))
            + (forward / speed.ProductRate(rows, encoder.Dim, encoder.FeedForwardDim, ProductPrecision.Float32));
        yield return new EstimatePart($"products of {rows} tokens, {Wide}", attention + forward, seconds, speed.ProductBasis);
        yield return Mapping(weights[0], speed);
    }

    /// <summary>The parts of all steps together.</summary>
    private IEnumerable<EstimatePart> Denoising(
        int tokens, IReadOnlyList<int> prompts, SelfAttentionOptions attention, ProductPrecision precision, MachineSpeed speed,
        double[] steps)
    {
        int passes = prompts.Count;
        double dim = transformer.Dim;
        double square = passes * 2.0 * tokens * transformer.Layers * 6 * dim * dim;
        double forward = passes * 2.0 * tokens * transformer.Layers * 2 * dim * transformer.FeedForwardDim;
        double products = (square / speed.ProductRate(tokens, transformer.Dim, transformer.Dim, precision))
            + (forward / speed.ProductRate(tokens, transformer.Dim, transformer.FeedForwardDim, precision));

        // A row stands for all padding.
        AttentionShape shape = new(1, transformer.Heads, tokens, tokens, transformer.HeadDim);
        double cross = prompts.Sum(rows => 4.0 * tokens * (rows + 1) * dim * transformer.Layers);
        double crossSeconds = cross / speed.AttentionRate(KnownRecipes.Float32, shape);
        double rowSeconds = passes * RowBytes * tokens * dim * transformer.Layers / speed.RowRate(transformer.Dim);
        double dense = passes * 4.0 * tokens * tokens * dim * transformer.Layers;
        AttentionOutlook outlook = new(attention, steps.Length, transformer.Layers);
        List<EstimatePart> kinds = [];
        foreach (IGrouping<(double Density, QuantizationRecipe Recipe), int> kind in Enumerable.Range(0, steps.Length).GroupBy(outlook.Of))
        {
            double seconds = dense * kind.Key.Density / speed.AttentionRate(kind.Key.Recipe, shape);
            foreach (int step in kind)
            {
                steps[step] = products + seconds + crossSeconds + rowSeconds;
            }

            int count = kind.Count();
            string formats = kind.Key.Recipe.IsExact ? Wide : kind.Key.Recipe.Name;
            kinds.Add(new EstimatePart(
                FormattableString.Invariant($"self-attention of {count} steps, {formats}, density {kind.Key.Density:0.00}"),
                count * dense * kind.Key.Density, count * seconds, "cost model"));
        }

        string name = precision == ProductPrecision.BFloat16 ? "bf16" : Wide;
        yield return new EstimatePart($"products, {name}", steps.Length * (square + forward), steps.Length * products, speed.ProductBasis);
        foreach (EstimatePart kind in kinds)
        {
            yield return kind;
        }

        yield return new EstimatePart("attention to the text", steps.Length * cross, steps.Length * crossSeconds, "cost model");
        yield return new EstimatePart("norms, activations, sums", 0, steps.Length * rowSeconds, speed.ProductBasis);
        yield return Mapping(weights[1], speed);
    }

    private static EstimatePart Mapping(long bytes, MachineSpeed speed) =>
        new("first touch of weights", 0, speed.MappingSeconds(bytes), "from the file cache");

    private long TextMemory(IReadOnlyList<int> prompts) => Workspace + (sizeof(float) * prompts.Sum(static rows => (long)rows)
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
