namespace Tessera.Backends.Cpu.Kernels;

/// <summary>
/// A tile of scores, rows x (blocks x KeyStride), with the state of its rows: all that the row kernels between QK and PV need.
/// </summary>
internal unsafe struct SoftmaxTile
{
    /// <summary>Query rows.</summary>
    public int Rows;

    /// <summary>Key blocks side by side.</summary>
    public int Blocks;

    /// <summary>Columns of a key block; a multiple of the vector width. Columns without a key hold negative infinity.</summary>
    public int KeyStride;

    /// <summary>Products of QK, then base-2 scores, then (float PV) probabilities.</summary>
    public float* Scores;

    /// <summary>Elements between rows of scores.</summary>
    public nint ScoreStride;

    /// <summary>Integer PV: codes of P.</summary>
    public byte* Codes;

    /// <summary>Bytes between rows of codes.</summary>
    public nint CodeStride;

    /// <summary>Output rows so far, relative to <see cref="Reference"/>.</summary>
    public float* Output;

    /// <summary>Elements between output rows.</summary>
    public nint OutputStride;

    /// <summary>Columns of an output row; a multiple of the vector width.</summary>
    public int OutputColumns;

    /// <summary>
    /// Base-2 score that output and sum of a row are relative to; negative infinity before the first visible key. May lie up to 8 below the
    /// maximum.
    /// </summary>
    public float* Reference;

    /// <summary>Largest base-2 score of a row so far.</summary>
    public float* RunningMaximum;

    /// <summary>Denominator of a row, relative to <see cref="Reference"/>.</summary>
    public float* Sum;

    /// <summary>Integer QK: what a query code is worth in base-2 score units, per row.</summary>
    public float* RowScales;

    /// <summary>Rank-1 term of query smoothing in base-2 units, one per column; null without.</summary>
    public float* Bias;

    /// <summary>Largest products of QK, lane by lane, [block][PartialStride], a register for each row.</summary>
    public float* PartialMaxima;

    /// <summary>Elements between blocks of <see cref="PartialMaxima"/>.</summary>
    public nint PartialStride;

    /// <summary>Largest base-2 score of each (row, block), [row][MaximaStride].</summary>
    public float* BlockMaxima;

    /// <summary>Elements between rows of <see cref="BlockMaxima"/>; a multiple of the vector width.</summary>
    public nint MaximaStride;

    /// <summary>What makes the scores of a row final: its scale while they are products of QK, 1 otherwise.</summary>
    public float* ScoreFactors;

    /// <summary>Coded P: what a code of each (row, block) is worth relative to <see cref="Reference"/>, [row][MaximaStride].</summary>
    public float* BlockFactors;

    /// <summary>Integer PV: what a code of P is worth relative to <see cref="Reference"/>, [block][FactorStride].</summary>
    public float* RowFactors;

    /// <summary>Elements between blocks of <see cref="RowFactors"/>.</summary>
    public nint FactorStride;

    /// <summary>Rows that share a maximum under ProbabilityReference.TileMaximum: the query block.</summary>
    public int BlockRows;
}
