using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Tessera.Attention;
using Tessera.Serialization;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.SelfAttention;

/// <summary>
/// Writes the Q, K and V of chosen calls as attention sees them, Q and K after RMS norm and rotary embedding, and lets another
/// self-attention answer. One safetensors file a call: <c>query</c>, <c>key</c>, <c>value</c> as float32 [heads, tokens, channels] in
/// natural token order, and the grid, step, layer and heads as metadata; <c>tessera attention run --input FILE</c> reads it as it is.
/// Disposes the other. Not thread-safe.
/// </summary>
/// <remarks>Rows are streamed: no copy of a tensor is made. Files appear under their name only when they are complete.</remarks>
public sealed class CapturingSelfAttention : ISelfAttention
{
    private readonly ISelfAttention _inner;
    private readonly CaptureRequest _request;
    private readonly List<string> _files = [];

    /// <summary>Starts to watch.</summary>
    /// <param name="inner">What attends.</param>
    /// <param name="request">Calls to write. Its folder is made when it is missing.</param>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public CapturingSelfAttention(ISelfAttention inner, CaptureRequest request)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(request);
        _inner = inner;
        _request = request;
        Directory.CreateDirectory(request.Folder);
    }

    /// <summary>Files written so far.</summary>
    public IReadOnlyList<string> Files => _files;

    /// <summary>Name of the file of a call.</summary>
    public static string FileName(in SelfAttentionCall call) => string.Create(
        CultureInfo.InvariantCulture, $"qkv-step{call.Step.Step:000}-layer{call.Step.Layer:00}-{Short(call.Branch)}.safetensors");

    /// <inheritdoc/>
    public void Attend(
        in SelfAttentionCall call, in AttentionInputs inputs, TensorSpan<float> output, CancellationToken cancellationToken = default)
    {
        if (_request.Covers(call))
        {
            Write(call, inputs, cancellationToken);
        }

        _inner.Attend(call, inputs, output, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _inner.Dispose();

    private unsafe void Write(in SelfAttentionCall call, in AttentionInputs inputs, CancellationToken cancellationToken)
    {
        AttentionShape shape = inputs.Shape;
        int[] heads = _request.Heads.Count > 0 ? [.. _request.Heads] : [.. Enumerable.Range(0, shape.Heads)];
        _request.RequireWithin(call.Step.StepCount, call.Step.LayerCount, shape.Heads);
        SafetensorsWriter writer = new();
        IDictionary<string, string> metadata = writer.Metadata;
        metadata["grid"] = call.Grid.ToString();
        metadata["heads"] = string.Join(',', heads);
        metadata["step"] = Number(call.Step.Step);
        metadata["step_count"] = Number(call.Step.StepCount);
        metadata["noise_time"] = call.Step.NoiseTime.ToString("R", CultureInfo.InvariantCulture);
        metadata["layer"] = Number(call.Step.Layer);
        metadata["layer_count"] = Number(call.Step.LayerCount);
        metadata["branch"] = call.Branch.ToString();
        metadata["rotary"] = inputs.Rotary is null ? "none" : "applied";
        string path = Path.Combine(_request.Folder, FileName(call));
        fixed (byte* query = inputs.Query, key = inputs.Key, value = inputs.Value)
        {
            Add(writer, "query", new RowSource(query, inputs.Query), heads, shape.QueryLength, cancellationToken);
            Add(writer, "key", new RowSource(key, inputs.Key), heads, shape.KeyLength, cancellationToken);
            Add(writer, "value", new RowSource(value, inputs.Value), heads, shape.KeyLength, cancellationToken);
            writer.Save(path);
        }

        _files.Add(path);
    }

    private static void Add(
        SafetensorsWriter writer, string name, RowSource source, int[] heads, int tokens, CancellationToken cancellationToken) =>
        writer.Add(
            name, TensorDataType.Float32, [heads.Length, tokens, source.Channels],
            stream => WriteRows(stream, source, heads, tokens, cancellationToken));

    private static unsafe void WriteRows(
        Stream stream, in RowSource source, int[] heads, int tokens, CancellationToken cancellationToken)
    {
        float* scratch = stackalloc float[AttentionShape.MaximumHeadDim];
        foreach (int head in heads)
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (int token = 0; token < tokens; token++)
            {
                float* row = source.Read(0, head, token, scratch);
                stream.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<float>(row, source.Channels)));
            }
        }
    }

    private static string Short(GuidanceBranch branch) => branch == GuidanceBranch.Conditional ? "cond" : "uncond";

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
