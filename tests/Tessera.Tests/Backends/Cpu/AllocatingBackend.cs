using System.Numerics.Tensors;
using Tessera.Attention;

namespace Tessera.Tests.Backends.Cpu;

/// <summary>A backend whose kernels allocate one array in each run and compute nothing.</summary>
internal sealed class AllocatingBackend(bool onCaller) : IAttentionBackend
{
    public const int Bytes = 4096;

    public string Name => "allocating";

    public BackendSupport Supports(AttentionPlan plan) => BackendSupport.Yes("it computes nothing");

    public IAttentionKernel Compile(AttentionPlan plan) => new Kernel(plan, onCaller);

    private sealed class Kernel(AttentionPlan plan, bool onCaller) : IAttentionKernel
    {
        private byte[]? _last;

        public AttentionPlan Plan => plan;

        public AttentionStatistics Run(
            in AttentionInputs inputs, TensorSpan<float> output, Span<float> logSumExp = default,
            CancellationToken cancellationToken = default)
        {
            if (onCaller)
            {
                Allocate();
            }
            else
            {
                Thread worker = new(Allocate);
                worker.Start();
                worker.Join();
            }

            return default;
        }

        public void Dispose() => _last = null;

        private void Allocate() => _last = new byte[Bytes];
    }
}
