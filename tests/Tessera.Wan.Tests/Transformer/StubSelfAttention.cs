using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Layout;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.Tests.Transformer;

/// <summary>Passes calls on, remembers them, and keeps tokens in an order of the test's choice.</summary>
internal sealed class StubSelfAttention(ISelfAttention inner, TokenOrder? order = null) : ISelfAttention
{
    public List<SelfAttentionCall> Calls { get; } = [];

    public Action<SelfAttentionCall>? BeforeCall { get; init; }

    public TokenOrder? StorageOrder(TokenGrid grid) => order;

    public void Attend(
        in SelfAttentionCall call, in AttentionInputs inputs, TensorSpan<float> output, CancellationToken cancellationToken = default)
    {
        Calls.Add(call);
        BeforeCall?.Invoke(call);
        inner.Attend(call, inputs, output, cancellationToken);
    }

    public void Dispose() => inner.Dispose();
}
