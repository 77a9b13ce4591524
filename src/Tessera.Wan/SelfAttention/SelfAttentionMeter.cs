using Tessera.Wan.Transformer;

namespace Tessera.Wan.SelfAttention;

/// <summary>Counts and times of self-attention by step and layer. Not thread-safe.</summary>
public sealed class SelfAttentionMeter
{
    private readonly Dictionary<(int Step, int Layer), SelfAttentionTimes> _calls = [];

    /// <summary>Everything since the start or the last <see cref="Reset"/>.</summary>
    public SelfAttentionTimes Total => Sum(static _ => true);

    /// <summary>All layers of a step, both guidance branches.</summary>
    public SelfAttentionTimes OfStep(int step) => Sum(place => place.Step == step);

    /// <summary>One layer in all steps.</summary>
    public SelfAttentionTimes OfLayer(int layer) => Sum(place => place.Layer == layer);

    /// <summary>Forgets everything; call it between generations that are counted apart.</summary>
    public void Reset() => _calls.Clear();

    internal void Add(in SelfAttentionCall call, in SelfAttentionTimes times)
    {
        (int, int) place = (call.Step.Step, call.Step.Layer);
        _calls[place] = _calls.GetValueOrDefault(place) + times;
    }

    private SelfAttentionTimes Sum(Func<(int Step, int Layer), bool> wanted)
    {
        SelfAttentionTimes sum = default;
        foreach (((int Step, int Layer) place, SelfAttentionTimes times) in _calls)
        {
            sum = wanted(place) ? sum + times : sum;
        }

        return sum;
    }
}
