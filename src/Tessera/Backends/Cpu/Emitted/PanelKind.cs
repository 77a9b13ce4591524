namespace Tessera.Backends.Cpu.Emitted;

/// <summary>The emitted panel functions.</summary>
internal enum PanelKind
{
    /// <summary>QK of the first panel of a block, whose row maxima start here.</summary>
    FirstScores = 0,

    /// <summary>QK of another panel, which raises them.</summary>
    LaterScores,

    /// <summary>PV.</summary>
    Output,
}
