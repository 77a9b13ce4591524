namespace Tessera.Backends.Cpu.Packing;

/// <summary>Scratch rows of one worker, all RowChannels elements long.</summary>
internal readonly unsafe struct PackScratch
{
    /// <summary>Takes the rows from a worker's memory.</summary>
    public PackScratch(CpuLayout layout, ref Carver carver)
    {
        long row = 4L * layout.RowChannels;
        Rows = (float*)carver.Take(Math.Max(4, layout.KeyStride) * row);
        Codes = carver.Take(row);
        Zero = (float*)carver.Take(row);
        Widened = (float*)carver.Take(row);
        Inverses = (float*)carver.Take(row);
        Scales = (float*)carver.Take(row);
        Columns = (float*)carver.Take(row);
        RowPointers = (float**)carver.Take((long)sizeof(float*) * layout.KeyStride);
    }

    /// <summary>KeyStride rows, at least four.</summary>
    public float* Rows { get; }

    /// <summary>Four rows of codes.</summary>
    public byte* Codes { get; }

    /// <summary>A row of zeros; never written.</summary>
    public float* Zero { get; }

    /// <summary>A row that is widened and yet to be turned.</summary>
    public float* Widened { get; }

    /// <summary>Inverse scales of columns.</summary>
    public float* Inverses { get; }

    /// <summary>Scales of columns.</summary>
    public float* Scales { get; }

    /// <summary>Magnitudes of columns.</summary>
    public float* Columns { get; }

    /// <summary>Pointers to the prepared rows of a block, KeyStride of them.</summary>
    public float** RowPointers { get; }
}
