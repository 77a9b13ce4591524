using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Layout;
using Tessera.Neural.Checkpoints;
using Tessera.Neural.Layers;
using Tessera.Neural.Products;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.Transformer;

/// <summary>
/// The diffusion transformer of Wan2.1: from a noisy latent, a timestep and a prompt to the velocity of the latent. Weights stay mapped as
/// they were stored. One forward at a time: activations are its own and kept from one to the next.
/// </summary>
/// <remarks>
/// Patches become tokens, 30 or 40 layers change the residual stream, a head makes patches again. Which attention the layers run is the
/// caller's affair. Source: Wan2.1, <c>wan/modules/model.py</c>; docs/wan/transformer.md has all formulas.
/// </remarks>
public sealed class WanTransformer : IDisposable
{
    private readonly Checkpoint _weights;
    private readonly int _threads;
    private readonly TimeConditioning _time;
    private readonly TextConditioning _text;
    private readonly Linear _patchEmbedding;
    private readonly TransformerBlock[] _blocks;
    private readonly TransformerHead _head;
    private readonly CrossAttention _crossAttention;
    private readonly TransformerScratch _scratch;
    private readonly TransformerClock _clock = new();
    private RotaryEmbedding? _rotary;
    private TokenGrid _rotaryGrid;
    private TokenOrder? _rotaryOrder;

    /// <summary>Makes a transformer of weights that stay open as long as it is used.</summary>
    /// <exception cref="CheckpointFormatException">Tensors are missing or of another shape; all are listed.</exception>
    public WanTransformer(Checkpoint weights, WanTransformerConfig config, WanTransformerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(config);
        weights.Require("Wan2.1 transformer", config.Tensors());
        ArgumentOutOfRangeException.ThrowIfGreaterThan(config.HeadDim, AttentionShape.MaximumHeadDim, nameof(config));
        _weights = weights;
        _threads = options?.Threads ?? 0;
        ArgumentOutOfRangeException.ThrowIfNegative(_threads, nameof(options));
        Config = config;
        _time = new TimeConditioning(weights, config);
        _text = new TextConditioning(weights, config);
        _patchEmbedding = WanLayers.Linear(weights, "patch_embedding");
        ProductPrecision precision = options?.Precision ?? ProductPrecision.Float32;
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(index => new TransformerBlock(weights, index, config, precision))];
        _head = new TransformerHead(weights, config);
        _crossAttention = new CrossAttention(config, _threads);
        _scratch = new TransformerScratch(config);
    }

    /// <summary>Sizes.</summary>
    public WanTransformerConfig Config { get; }

    /// <summary>Tokens that a latent becomes: patches of one frame, two rows and two columns.</summary>
    /// <exception cref="ArgumentException">A size is below 1, or height or width is odd.</exception>
    public static TokenGrid GridOf(LatentShape shape) => PatchLayout.GridOf(shape);

    /// <summary>Bytes of activations that a forward of a shape holds beside what its attention needs.</summary>
    public static long ActivationBytes(WanTransformerConfig config, LatentShape shape)
    {
        ArgumentNullException.ThrowIfNull(config);
        return TransformerScratch.BytesFor(config, GridOf(shape).Tokens);
    }

    /// <summary>Reads a prompt: everything that layers need of it and that depends on neither the timestep nor the latent.</summary>
    /// <param name="rows">Rows of the text encoder without padding, [count, text dim].</param>
    /// <param name="count">Rows, at most <see cref="WanTransformerConfig.TextLength"/>.</param>
    /// <param name="cancellationToken">Polled before each layer.</param>
    /// <exception cref="ArgumentException">The rows do not fit or hold NaN.</exception>
    /// <exception cref="CheckpointFormatException">A weight is NaN or infinite; the message names it.</exception>
    /// <exception cref="ArithmeticException">Weights and rows are finite, but the result is not.</exception>
    public TransformerContext EncodeText(ReadOnlySpan<float> rows, int count, CancellationToken cancellationToken = default)
    {
        if (count < 0 || count > Config.TextLength || rows.Length != (long)count * Config.TextDim)
        {
            throw new ArgumentException(
                $"{rows.Length} numbers are no {count} text rows of {Config.TextDim}; wanted at most {Config.TextLength} rows.",
                nameof(rows));
        }

        TransformerContext context = new(Config, Math.Max(1, count));
        try
        {
            _text.Forward(rows, context, _threads);
            for (int layer = 0; layer < _blocks.Length; layer++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                _blocks[layer].Encode(context, layer, _threads);
                if (!context.IsFinite(layer))
                {
                    throw NotFinite(null);
                }
            }

            return context;
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    /// <summary>Computes the velocity of a latent.</summary>
    /// <param name="inputs">Latent, timestep, prompt and place in the generation.</param>
    /// <param name="attention">What runs self-attention.</param>
    /// <param name="velocity">Receives as many numbers as the latent has, in the same layout.</param>
    /// <param name="observer">Sees intermediate values; null costs nothing.</param>
    /// <param name="layersDone">Told the number of finished layers after each.</param>
    /// <param name="cancellationToken">Polled between layers and inside attention.</param>
    /// <returns>Where the time went.</returns>
    /// <exception cref="ArgumentException">An input does not fit the model, or holds NaN.</exception>
    /// <exception cref="CheckpointFormatException">A weight is NaN or infinite; the message names it.</exception>
    /// <exception cref="ArithmeticException">Weights and inputs are finite, but the result is not.</exception>
    public TransformerTimes Forward(
        in TransformerInputs inputs, ISelfAttention attention, Span<float> velocity, ITransformerObserver? observer = null,
        IProgress<int>? layersDone = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(attention);
        RequireFits(inputs, velocity);
        _clock.Restart();
        TokenGrid grid = GridOf(inputs.Shape);
        TokenOrder? order = attention.StorageOrder(grid);
        _scratch.Prepare(grid.Tokens);
        _time.Forward(inputs.Timestep, _scratch.Time, observer, _threads);
        TransformerPass pass = new()
        {
            Grid = grid,
            Order = order,
            Step = inputs.Step,
            Branch = inputs.Branch,
            Text = inputs.Text,
            Attention = attention,
            Rotary = RotaryFor(grid, order),
            CrossAttention = _crossAttention,
            Scratch = _scratch,
            Clock = _clock,
            Observer = observer,
            Threads = _threads,
            CancellationToken = cancellationToken,
            TimeProjection = _time.Projection(_scratch.Time),
        };
        Embed(inputs, pass);
        try
        {
            for (int layer = 0; layer < _blocks.Length; layer++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                _blocks[layer].Forward(pass, layer);
                layersDone?.Report(layer + 1);
            }
        }
        catch (ArgumentException error) when (_weights.FindNonFinite() is not null)
        {
            // Attention refuses what a broken weight made of its operands.
            throw NotFinite(error);
        }

        Span<float> patches = _head.Forward(pass, _time.Embedding(_scratch.Time));
        if (!TensorPrimitives.IsFiniteAll<float>(patches))
        {
            throw NotFinite(null);
        }

        PatchLayout.Join(patches, inputs.Shape, order, velocity);
        _clock.Ends();
        return _clock.Times;
    }

    /// <summary>Frees activations and kernels; the weights stay the caller's.</summary>
    public void Dispose()
    {
        _crossAttention.Dispose();
        _scratch.Dispose();
    }

    private void Embed(in TransformerInputs inputs, in TransformerPass pass)
    {
        Span<float> patches = _scratch.Work[..(pass.Tokens * _patchEmbedding.Inputs)];
        PatchLayout.Cut(inputs.Latent, inputs.Shape, pass.Order, patches);
        _clock.Ends();
        _patchEmbedding.Forward(patches, pass.Tokens, _scratch.Stream, _threads);
        _clock.Linear();
        pass.Observer?.Observe(TransformerStage.Tokens, -1, _scratch.Stream);
    }

    private RotaryEmbedding RotaryFor(TokenGrid grid, TokenOrder? order)
    {
        if (_rotary is null || _rotaryGrid != grid || !ReferenceEquals(_rotaryOrder, order))
        {
            RotaryEmbedding natural = RotaryEmbedding.ForGrid(grid, Config.HeadDim);
            _rotary = order is null ? natural : natural.InOrder(order);
            _rotaryGrid = grid;
            _rotaryOrder = order;
        }

        return _rotary;
    }

    private void RequireFits(in TransformerInputs inputs, ReadOnlySpan<float> velocity)
    {
        LatentShape shape = inputs.Shape;
        if (LatentShape.Channels != Config.Channels || inputs.Latent.Length != shape.Length || velocity.Length != shape.Length)
        {
            throw new ArgumentException(
                $"A latent of {inputs.Latent.Length} and a velocity of {velocity.Length} numbers do not fit {shape} for a model of "
                    + $"{Config.Channels} channels; wanted {shape.Length} of each.",
                nameof(inputs));
        }

        if (!TensorPrimitives.IsFiniteAll(inputs.Latent))
        {
            throw new ArgumentException("The latent holds NaN or infinity; wanted finite numbers.", nameof(inputs));
        }

        ArgumentNullException.ThrowIfNull(inputs.Text);
        if (inputs.Text.Config != Config)
        {
            throw new ArgumentException("The text was encoded by a transformer of other sizes; encode it with this one.", nameof(inputs));
        }
    }

    private Exception NotFinite(Exception? cause) => _weights.FindNonFinite() is { } fault
        ? new CheckpointFormatException($"{_weights.Source}: {fault}.", cause)
        : new ArithmeticException($"The transformer of {_weights.Source} overflowed, although its weights are finite.", cause);
}
