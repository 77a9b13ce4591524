namespace Tessera.Methods.Paro;

/// <summary>Families of token orders that PARO searches.</summary>
[Flags]
public enum ParoCandidateSet
{
    /// <summary>None; the options then need tiles or further orders.</summary>
    None = 0,

    /// <summary>The six axis orders of the paper, by ascending id.</summary>
    AxisOrders = 1,

    /// <summary>The axis orders read backward, which moves where partial blocks and block borders fall.</summary>
    ReversedAxisOrders = 2,

    /// <summary>The generalised Hilbert curve.</summary>
    Hilbert = 4,

    /// <summary>Morton order.</summary>
    Morton = 8,
}
