using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Neural.Layers;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.Transformer;

/// <summary>
/// Attention to the text, dense and without a mask: a kernel over the rows of the prompt, then the row that stands for all padding. The
/// kernels of the last few lengths are kept; both prompts of a generation find theirs.
/// </summary>
internal sealed class CrossAttention : IDisposable
{
    private const int KeptKernels = 4;

    private readonly WanTransformerConfig _config;
    private readonly CpuBackend _backend;
    private readonly int _threads;
    private readonly List<IAttentionKernel> _kernels = [];

    public CrossAttention(WanTransformerConfig config, int threads)
    {
        _config = config;
        _threads = threads;
        _backend = new CpuBackend(CpuOptions.Default with { Threads = threads });
    }

    /// <summary>Attends to the text.</summary>
    /// <param name="query">[tokens, heads, head dim] after the norm.</param>
    /// <param name="tokens">Tokens.</param>
    /// <param name="text">Keys and values.</param>
    /// <param name="layer">Layer.</param>
    /// <param name="sums">Memory, [heads, tokens].</param>
    /// <param name="output">[tokens, heads, head dim].</param>
    /// <param name="cancellationToken">Polled between query blocks.</param>
    public unsafe void Forward(
        ReadOnlySpan<float> query, int tokens, TransformerContext text, int layer, Span<float> sums, Span<float> output,
        CancellationToken cancellationToken)
    {
        int prompt = text.PromptRows * _config.Dim;
        ReadOnlySpan<float> keys = text.Keys(layer);
        ReadOnlySpan<float> values = text.Values(layer);
        AttentionInputs inputs = new(
            HeadViews.Of(query, tokens, _config), HeadViews.Of(keys[..prompt], text.PromptRows, _config),
            HeadViews.Of(values[..prompt], text.PromptRows, _config));
        bool padded = text.PaddingRows > 0;
        KernelFor(tokens, text.PromptRows)
            .Run(inputs, HeadViews.Of(output, tokens, _config), padded ? sums : default, cancellationToken);
        if (!padded)
        {
            return;
        }

        fixed (float* q = query, k = keys[prompt..], v = values[prompt..], l = sums, o = output)
        {
            RepeatedKeyMerge merge = new(q, k, v, l, o, tokens, _config.Heads, _config.HeadDim, text.PaddingRows);
            RowScheduler.Run(tokens, _config.Dim, merge, _threads, cancellationToken);
        }
    }

    public void Dispose()
    {
        foreach (IAttentionKernel kernel in _kernels)
        {
            kernel.Dispose();
        }

        _kernels.Clear();
    }

    private IAttentionKernel KernelFor(int queries, int keys)
    {
        AttentionShape shape = new(1, _config.Heads, queries, keys, _config.HeadDim);
        foreach (IAttentionKernel kernel in _kernels)
        {
            if (kernel.Plan.Shape == shape)
            {
                return kernel;
            }
        }

        if (_kernels.Count == KeptKernels)
        {
            _kernels[0].Dispose();
            _kernels.RemoveAt(0);
        }

        _kernels.Add(_backend.Compile(AttentionPlan.Dense(shape)));
        return _kernels[^1];
    }
}
