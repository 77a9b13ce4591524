using Tessera.Attention;

namespace Tessera.Cli.Running;

/// <summary>
/// Answers for the <c>cuda</c> backend, which this build does not contain, so that asking for it gets a reason and not "unknown".
/// </summary>
internal sealed class CudaAbsence : IAttentionBackend
{
    public const string Reason = "this build of tessera contains no CUDA backend; use --backend cpu";

    public string Name => "cuda";

    public BackendSupport Supports(AttentionPlan plan) => BackendSupport.No(Reason);

    public IAttentionKernel Compile(AttentionPlan plan) => throw new BackendUnavailableException(Reason);
}
