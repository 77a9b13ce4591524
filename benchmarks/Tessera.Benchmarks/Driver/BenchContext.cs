using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Benchmarks.Peers;

namespace Tessera.Benchmarks.Driver;

/// <summary>What sections share: the request, the backend under test, the peers that are installed, and where progress goes.</summary>
internal sealed class BenchContext(CpuRequest request, TextWriter progress, CancellationToken cancellationToken) : IDisposable
{
    private PeerFolder? _peers;

    public CpuRequest Request => request;

    public CancellationToken CancellationToken => cancellationToken;

    public CpuBackend Backend { get; } = new(request.Options);

    /// <summary>Installed peers; looked for when first asked.</summary>
    public PeerFolder Peers => _peers ??= PeerFolder.Open(request.PeersFolder, request.Options.EffectiveThreads);

    /// <summary>The square self-attention shape of the request.</summary>
    public AttentionShape ShapeOf(int headDim) => new(1, request.Heads, request.Length, request.Length, headDim);

    /// <summary>Tells what happens now, on standard error.</summary>
    public void Report(string what) => progress.WriteLine(what);

    public void Dispose() => _peers?.Dispose();
}
