using Tessera.Attention;
using Tessera.Benchmarks.Timing;

namespace Tessera.Benchmarks.Peers;

/// <summary>One operation of a peer on one shape. The server belongs to the <see cref="PeerFolder"/>.</summary>
internal sealed class PeerContestant(PeerServer server, string version, string operation, AttentionShape shape) : IContestant
{
    public string Name => $"{server.Engine.Name} {version} {operation}";

    public double Density => 1;

    /// <summary>Whether ratios are taken against it: the fastest peer known on CPUs.</summary>
    public bool IsYardstick => server.Engine == PeerEngine.OnnxRuntime && operation == server.Engine.Operations[0];

    public Sample Run() => server.Run(operation, shape);

    public void Dispose()
    {
    }
}
