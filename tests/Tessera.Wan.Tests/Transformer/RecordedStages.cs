using Tessera.Wan.Transformer;

namespace Tessera.Wan.Tests.Transformer;

/// <summary>Keeps everything that passed through a transformer.</summary>
internal sealed class RecordedStages : ITransformerObserver
{
    private readonly Dictionary<(TransformerStage Stage, int Layer), float[]> _values = [];

    public float[] this[TransformerStage stage, int layer = -1] => _values[(stage, layer)];

    public int Count => _values.Count;

    public void Observe(TransformerStage stage, int layer, ReadOnlySpan<float> values) => _values.Add((stage, layer), values.ToArray());
}
