using Tessera.Neural.Checkpoints;
using Tessera.Neural.Layers;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.Transformer;

/// <summary>
/// From a timestep to what modulates every layer: <c>e = W2 SiLU(W1 sinusoid(t))</c> for the head and <c>e0 = W3 SiLU(e)</c>, six rows, for
/// the layers, which each add their own six.
/// </summary>
internal sealed class TimeConditioning
{
    private readonly Linear _first;
    private readonly Linear _second;
    private readonly Linear _projection;
    private readonly WanTransformerConfig _config;

    public TimeConditioning(Checkpoint weights, WanTransformerConfig config)
    {
        _config = config;
        _first = WanLayers.Linear(weights, "time_embedding.0");
        _second = WanLayers.Linear(weights, "time_embedding.2");
        _projection = WanLayers.Linear(weights, "time_projection.1");
    }

    /// <summary>Embeds a timestep.</summary>
    /// <param name="timestep">t.</param>
    /// <param name="memory">[8 dim + frequency dim]; see <see cref="Embedding"/> and <see cref="Projection"/>.</param>
    /// <param name="observer">Sees the stages, or null.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    public void Forward(double timestep, Span<float> memory, ITransformerObserver? observer, int threads)
    {
        int dim = _config.Dim;
        Span<float> embedding = Embedding(memory);
        Span<float> projection = Projection(memory);
        Span<float> row = memory.Slice(7 * dim, dim);
        Span<float> sinusoid = memory.Slice(8 * dim, _config.FrequencyDim);
        SinusoidalEmbedding.Forward(timestep, sinusoid);
        observer?.Observe(TransformerStage.TimeFrequencies, -1, sinusoid);
        _first.Forward(sinusoid, 1, row, threads);
        Silu.Forward(row, row);
        _second.Forward(row, 1, embedding, threads);
        observer?.Observe(TransformerStage.TimeEmbedding, -1, embedding);
        Silu.Forward(embedding, row);
        _projection.Forward(row, 1, projection, threads);
        observer?.Observe(TransformerStage.TimeProjection, -1, projection);
    }

    /// <summary>e, [dim].</summary>
    public Span<float> Embedding(Span<float> memory) => memory[.._config.Dim];

    /// <summary>e0, [6, dim].</summary>
    public Span<float> Projection(Span<float> memory) => memory.Slice(_config.Dim, 6 * _config.Dim);
}
