namespace Tessera.Methods.Paro;

/// <summary>What happens to heads whose video queries put almost no mass on video keys.</summary>
public enum EmptyHeadPolicy
{
    /// <summary>They are treated as all others.</summary>
    Compute = 0,

    /// <summary>
    /// They keep the always-kept blocks (text) and the minimum per row only. The released harness also offers the row mean of the map,
    /// which is no block mask and is left out.
    /// </summary>
    AlwaysKeptOnly,
}
