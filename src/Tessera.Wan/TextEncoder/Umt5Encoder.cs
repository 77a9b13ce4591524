using System.Numerics.Tensors;
using Tessera.Neural.Checkpoints;
using Tessera.Neural.Layers;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.TextEncoder;

/// <summary>
/// The umT5 text encoder of Wan2.1: ids of a prompt become one row of features each. Weights stay mapped as they were stored, so opening
/// costs nothing and an encoding reads each weight once, however many prompts it encodes. Safe for concurrent use.
/// </summary>
/// <remarks>
/// <para>Of 11.4 GB one block is in the working set at a time: the operating system is asked for the next block ahead, and pages of the
/// last one are given back to the file cache.</para>
/// <para>
/// <c>x = E[ids]</c>; per block <c>x += softmax(q k^T + bias) v Wo</c> of <c>RMS(x)</c>, then <c>x += ((y W1) GELU(y Wg)) W2</c> of <c>y
/// = RMS(x)</c>; at the end <c>RMS(x)</c>. No biases, no scaling of embeddings or scores, a position table in every block. Wan throws
/// rows of padding away, and masked keys reach no other row, so encoding the real ids alone gives the same rows: a prompt of 20 tokens
/// costs 20 rows and not 512. Source: Wan2.1, <c>wan/modules/t5.py</c>.</para>
/// </remarks>
public sealed class Umt5Encoder
{
    private readonly Checkpoint _weights;
    private readonly Embedding _embedding;
    private readonly Umt5Block[] _blocks;
    private readonly RmsNorm _norm;

    /// <summary>Makes an encoder of weights that stay open as long as it is used.</summary>
    /// <exception cref="CheckpointFormatException">Tensors are missing or of another shape; all are listed.</exception>
    public Umt5Encoder(Checkpoint weights, Umt5Config config)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(config);
        weights.Require("Wan2.1 text encoder", config.Tensors(), static name => name == WanWeights.EmbeddedTokenizer);
        _weights = weights;
        Config = config;
        _embedding = new Embedding(weights["token_embedding.weight"]);
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(index => new Umt5Block(weights, index, config))];
        _norm = new RmsNorm(weights["norm.weight"], config.Epsilon);
    }

    /// <summary>Sizes.</summary>
    public Umt5Config Config { get; }

    internal IReadOnlyList<Umt5Block> Blocks => _blocks;

    /// <summary>Encodes the ids of one prompt, end mark included and padding left out.</summary>
    /// <param name="ids">Ids below <see cref="Umt5Config.Vocabulary"/>.</param>
    /// <param name="threads">Threads; 0 for all processors. The result does not depend on it.</param>
    /// <param name="cancellationToken">Polled before each block.</param>
    /// <returns>Features [ids, dim], row-major.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An id has no embedding.</exception>
    /// <exception cref="CheckpointFormatException">A weight is NaN or infinite; the message names it.</exception>
    /// <exception cref="ArithmeticException">The weights are finite, but the result is not.</exception>
    public float[] Encode(ReadOnlySpan<int> ids, int threads = 0, CancellationToken cancellationToken = default)
    {
        float[] rows = new float[checked(ids.Length * Config.Dim)];
        Encode(ids, ids.Length, rows, threads, cancellationToken);
        return rows;
    }

    /// <summary>Encodes ids of which the last are padding, whose rows are computed too.</summary>
    /// <param name="ids">Ids below <see cref="Umt5Config.Vocabulary"/>.</param>
    /// <param name="keys">Leading ids that are no padding; only these are attended to.</param>
    /// <param name="output">Features [ids, dim], row-major.</param>
    /// <param name="threads">Threads; 0 for all processors. The result does not depend on it.</param>
    /// <param name="cancellationToken">Polled before each block.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    /// <exception cref="CheckpointFormatException">A weight is NaN or infinite; the message names it.</exception>
    /// <exception cref="ArithmeticException">The weights are finite, but the result is not.</exception>
    public void Encode(ReadOnlySpan<int> ids, int keys, Span<float> output, int threads = 0, CancellationToken cancellationToken = default)
    {
        if (ids.Length == 0 || keys < 1 || keys > ids.Length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(keys), keys, $"{keys} of {ids.Length} ids are no padding; wanted 1 to all of them.");
        }

        Run(ids, [new PromptRows(0, ids.Length, keys)], output, threads, null, cancellationToken);
    }

    /// <summary>
    /// Encodes several prompts, each by itself, in one pass over the weights: a prompt and its negative one take little longer than one of
    /// them where reading the weights takes the time.
    /// </summary>
    /// <param name="prompts">Ids of each prompt, end mark included and padding left out.</param>
    /// <param name="threads">Threads; 0 for all processors. The result does not depend on it.</param>
    /// <param name="layersDone">Hears after each block how many of <see cref="Umt5Config.Layers"/> are done, from the thread that
    /// works.</param>
    /// <param name="cancellationToken">Polled before each block.</param>
    /// <returns>Features [ids, dim] of each prompt, row-major; to rounding those that it has alone.</returns>
    /// <exception cref="ArgumentException">There is no prompt, or one is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An id has no embedding.</exception>
    /// <exception cref="CheckpointFormatException">A weight is NaN or infinite; the message names it.</exception>
    /// <exception cref="ArithmeticException">The weights are finite, but the result is not.</exception>
    public float[][] EncodeAll(
        IReadOnlyList<int[]> prompts, int threads = 0, IProgress<int>? layersDone = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0 || prompts.Any(static prompt => prompt is null or []))
        {
            throw new ArgumentException($"One of {prompts.Count} prompts has no ids; an empty prompt has its end mark.", nameof(prompts));
        }

        PromptRows[] rows = new PromptRows[prompts.Count];
        int count = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = new PromptRows(count, prompts[i].Length, prompts[i].Length);
            count = checked(count + prompts[i].Length);
        }

        float[] output = new float[checked(count * Config.Dim)];
        Run([.. prompts.SelectMany(static prompt => prompt)], rows, output, threads, layersDone, cancellationToken);
        return [.. rows.Select(prompt => output[(prompt.First * Config.Dim)..((prompt.First + prompt.Count) * Config.Dim)])];
    }

    private void Run(
        ReadOnlySpan<int> ids, PromptRows[] prompts, Span<float> output, int threads, IProgress<int>? layersDone,
        CancellationToken cancellationToken)
    {
        _blocks[0].Prefetch();
        _embedding.Forward(ids, output);
        using Umt5Scratch scratch = new(Config, ids.Length, prompts.Max(static prompt => prompt.Count));
        for (int i = 0; i < _blocks.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (i + 1 < _blocks.Length)
            {
                _blocks[i + 1].Prefetch();
            }

            _blocks[i].Forward(output, prompts, scratch, threads);
            _blocks[i].Release();
            layersDone?.Report(i + 1);
        }

        _norm.Forward(output, output, threads);
        if (!TensorPrimitives.IsFiniteAll<float>(output))
        {
            throw _weights.FindNonFinite() is { } fault
                ? new CheckpointFormatException($"{_weights.Source}: {fault}.")
                : new ArithmeticException($"The text encoder of {_weights.Source} overflowed, although its weights are finite.");
        }
    }
}
