namespace Tessera.Backends.Cpu.Packing;

/// <summary>Scratch rows of one worker, all RowChannels elements long.</summary>
internal unsafe struct PackScratch
{
    /// <summary>KeyStride rows, at least four.</summary>
    public float* Rows;

    /// <summary>Four rows of codes.</summary>
    public byte* Codes;

    /// <summary>A row of zeros; never written.</summary>
    public float* Zero;

    /// <summary>Inverse scales of columns.</summary>
    public float* Inverses;

    /// <summary>Scales of columns.</summary>
    public float* Scales;

    /// <summary>Magnitudes of columns.</summary>
    public float* Columns;

    /// <summary>Pointers to the prepared rows of a block, KeyStride of them.</summary>
    public float** RowPointers;
}
