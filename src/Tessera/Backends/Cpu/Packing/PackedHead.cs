namespace Tessera.Backends.Cpu.Packing;

/// <summary>Where the packed operands of one (batch, head) lie. Layouts are those of CpuLayout.</summary>
internal unsafe struct PackedHead
{
    public int Batch;

    public int Head;

    /// <summary>Blocks of K: [block][panel][step][ScorePanel].</summary>
    public float* Key;

    /// <summary>Blocks of V: [block][panel][key or four keys][OutputPanel].</summary>
    public float* Value;

    /// <summary>What a key code is worth: [block][KeyStride]; integer QK only.</summary>
    public float* KeyScales;

    /// <summary>Starting values of integer sums, -offset * sum of codes: [block][KeyStride].</summary>
    public int* Corrections;

    /// <summary>What a value code is worth: [block][segment][OutputColumns]; integer PV only.</summary>
    public float* ColumnScales;

    /// <summary>Channel means that smoothing takes off, padded with zeros.</summary>
    public float* KeyMean;

    /// <inheritdoc cref="KeyMean"/>
    public float* ValueMean;

    /// <summary>Partial sums of the means: [strip][K, V][RowChannels].</summary>
    public double* MeanSums;

    /// <summary>Bits of the largest magnitude of each scale group: [group], or [group][RowChannels] for scales per channel.</summary>
    public int* QueryMagnitudes;

    /// <inheritdoc cref="QueryMagnitudes"/>
    public int* KeyMagnitudes;

    /// <inheritdoc cref="QueryMagnitudes"/>
    public int* ValueMagnitudes;

    /// <summary>Bits of the largest magnitude of K, for the overflow check.</summary>
    public int* LargestKey;
}
