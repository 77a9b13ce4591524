using System.Numerics.Tensors;
using Tessera.Neural.Checkpoints;
using Tessera.Neural.Layers;
using Tessera.Serialization;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.TextEncoder;

/// <summary>
/// Self-attention of umT5: <c>softmax(q k^T + bias) v Wo</c> per head, without a factor 1/sqrt(d), over the keys that are no padding.
/// </summary>
internal sealed class Umt5Attention
{
    private const int SmallestParallelWork = 1 << 17;

    private readonly Umt5Config _config;
    private readonly Linear _query;
    private readonly Linear _key;
    private readonly Linear _value;
    private readonly Linear _output;
    private readonly PositionBias _bias;

    public Umt5Attention(Checkpoint weights, string block, Umt5Config config)
    {
        _config = config;
        _query = new Linear(weights[$"{block}.attn.q.weight"]);
        _key = new Linear(weights[$"{block}.attn.k.weight"]);
        _value = new Linear(weights[$"{block}.attn.v.weight"]);
        _output = new Linear(weights[$"{block}.attn.o.weight"]);
        _bias = new PositionBias(weights[$"{block}.pos_embedding.embedding.weight"], config);
    }

    /// <summary>The matrices that are read in a pass.</summary>
    public IEnumerable<StoredTensor> Weights => [_query.Weight, _key.Weight, _value.Weight, _output.Weight];

    /// <summary>Attends within each prompt.</summary>
    /// <param name="input">[rows, dim].</param>
    /// <param name="prompts">Rows of each prompt.</param>
    /// <param name="scratch">Memory; see <see cref="Umt5Scratch"/>.</param>
    /// <param name="output">[rows, dim].</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    public void Forward(ReadOnlySpan<float> input, PromptRows[] prompts, Umt5Scratch scratch, Span<float> output, int threads)
    {
        _query.Forward(input, scratch.Rows, scratch.Query, threads);
        _key.Forward(input, scratch.Rows, scratch.Key, threads);
        _value.Forward(input, scratch.Rows, scratch.Value, threads);
        int workers = threads > 0 ? threads : Environment.ProcessorCount;
        foreach (PromptRows prompt in prompts)
        {
            if (workers == 1 || (long)prompt.Count * prompt.Keys * _config.AttentionDim < SmallestParallelWork)
            {
                for (int head = 0; head < _config.Heads; head++)
                {
                    Attend(head, prompt, scratch);
                }
            }
            else
            {
                Parallel.For(
                    0, _config.Heads, new ParallelOptions { MaxDegreeOfParallelism = workers }, head => Attend(head, prompt, scratch));
            }
        }

        _output.Forward(scratch.Mixed, scratch.Rows, output, threads);
    }

    private void Attend(int head, PromptRows prompt, Umt5Scratch scratch)
    {
        int width = _config.HeadDim;
        int stride = _config.AttentionDim;
        int start = prompt.First * stride;
        (int tokens, int keys) = (prompt.Count, prompt.Keys);
        ReadOnlySpan<float> query = scratch.Query[start..];
        ReadOnlySpan<float> key = scratch.Key[start..];
        ReadOnlySpan<float> value = scratch.Value[start..];
        Span<float> mixed = scratch.Mixed[start..];
        int first = head * width;
        Span<float> bias = scratch.Bias(head)[..PositionBias.Length(tokens)];
        Span<float> scores = scratch.Scores(head)[..keys];
        _bias.Fill(head, tokens, bias);
        for (int i = 0; i < tokens; i++)
        {
            ReadOnlySpan<float> q = query.Slice((i * stride) + first, width);
            for (int j = 0; j < keys; j++)
            {
                scores[j] = TensorPrimitives.Dot(q, key.Slice((j * stride) + first, width));
            }

            TensorPrimitives.Add(scores, bias.Slice(tokens - 1 - i, keys), scores);
            StableSoftmax.Forward(scores);
            Span<float> row = mixed.Slice((i * stride) + first, width);
            row.Clear();
            for (int j = 0; j < keys; j++)
            {
                TensorPrimitives.MultiplyAdd(value.Slice((j * stride) + first, width), scores[j], row, row);
            }
        }
    }
}
