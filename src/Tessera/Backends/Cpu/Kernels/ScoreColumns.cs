namespace Tessera.Backends.Cpu.Kernels;

/// <summary>
/// What QK needs to know of the columns of a panel. The panel leaves scores but for the factor of their row, and the largest of them per
/// row while they are still in registers: the softmax would otherwise read every score once more just for that.
/// </summary>
internal unsafe struct ScoreColumns
{
    /// <summary>Integer QK: starting values of the sums, which take back the offset of unsigned Q codes.</summary>
    public float* Corrections;

    /// <summary>Integer QK: what a key code is worth.</summary>
    public float* Scales;

    /// <summary>Largest scores so far of the first row, lane by lane: half a panel wide.</summary>
    public float* Maxima;

    /// <summary>Elements between rows of <see cref="Maxima"/>.</summary>
    public nint MaximaStride;

    /// <summary>Whether <see cref="Maxima"/> holds nothing yet.</summary>
    public bool IsFirst;
}
