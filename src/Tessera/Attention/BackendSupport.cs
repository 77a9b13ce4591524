namespace Tessera.Attention;

/// <summary>Whether a backend can run a plan, and the reason when it cannot.</summary>
/// <param name="IsSupported">Whether it can.</param>
/// <param name="Reason">Why not, or what will be used when it can; never empty.</param>
public readonly record struct BackendSupport(bool IsSupported, string Reason)
{
    /// <summary>It can; <paramref name="detail"/> says with what.</summary>
    public static BackendSupport Yes(string detail) => new(true, detail);

    /// <summary>It cannot.</summary>
    public static BackendSupport No(string reason) => new(false, reason);
}
