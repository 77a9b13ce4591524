using System.Diagnostics;
using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.SelfAttention;

/// <summary>
/// Runs plans: compiles each instance once, holds kernels as long as their memory fits the limit, and counts. Not thread-safe.
/// </summary>
internal sealed class PlanRunner(KernelSettings settings, SelfAttentionMeter meter) : IDisposable
{
    private readonly Dictionary<AttentionPlan, IAttentionKernel> _kernels = new(ReferenceEqualityComparer.Instance);
    private long _held;
    private bool _disposed;

    /// <summary>Counts and times of everything run.</summary>
    public SelfAttentionMeter Meter => meter;

    /// <summary>Kernels held now.</summary>
    public int Kernels => _kernels.Count;

    /// <summary>Runs one call.</summary>
    /// <param name="call">Where it stands.</param>
    /// <param name="plan">What it runs.</param>
    /// <param name="planning">Time that making the plan took in this call.</param>
    /// <param name="holds">Whether the plan comes again, so that its kernel is worth holding.</param>
    /// <param name="inputs">As <see cref="ISelfAttention.Attend"/>.</param>
    /// <param name="output">As <see cref="ISelfAttention.Attend"/>.</param>
    /// <param name="cancellationToken">Polled between query blocks.</param>
    public void Run(
        in SelfAttentionCall call, AttentionPlan plan, TimeSpan planning, bool holds, in AttentionInputs inputs, TensorSpan<float> output,
        CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        TimeSpan compile = TimeSpan.Zero;
        if (!_kernels.TryGetValue(plan, out IAttentionKernel? kernel))
        {
            long start = Stopwatch.GetTimestamp();
            kernel = settings.Backends.Select(settings.Backend, plan).Backend.Compile(plan);
            compile = Stopwatch.GetElapsedTime(start);
            holds = holds && _held + kernel.ScratchBytes <= settings.MemoryLimit;
            if (holds)
            {
                _kernels.Add(plan, kernel);
                _held += kernel.ScratchBytes;
            }
        }
        else
        {
            holds = true;
        }

        try
        {
            AttentionStatistics statistics = kernel.Run(inputs, output, default, cancellationToken);
            meter.Add(call, SelfAttentionTimes.Of(statistics, planning, compile));
        }
        finally
        {
            if (!holds)
            {
                kernel.Dispose();
            }
        }
    }

    /// <summary>Disposes the kernels of all plans but some.</summary>
    public void HoldOnly(IReadOnlySet<AttentionPlan> wanted)
    {
        foreach (AttentionPlan plan in _kernels.Keys.Where(plan => !wanted.Contains(plan)).ToArray())
        {
            _held -= _kernels[plan].ScratchBytes;
            _kernels[plan].Dispose();
            _kernels.Remove(plan);
        }
    }

    public void Dispose()
    {
        _disposed = true;
        foreach (IAttentionKernel kernel in _kernels.Values)
        {
            kernel.Dispose();
        }

        _kernels.Clear();
    }
}
