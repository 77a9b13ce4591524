namespace Tessera.Cuda.Verification;

/// <summary>Whether a kernel, as it is now and for one architecture, ran on hardware and passed.</summary>
/// <param name="Kernel">Entry point.</param>
/// <param name="Hash">Identity of what it is now.</param>
/// <param name="Record">The run that verified it; null when none did.</param>
/// <param name="Reason">Why it is not verified, or which run did; never empty.</param>
public sealed record KernelVerification(string Kernel, string Hash, VerifiedKernel? Record, string Reason)
{
    /// <summary>Whether a run on hardware verified it.</summary>
    public bool IsVerified => Record is not null;
}
