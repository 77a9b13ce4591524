using System.Runtime.CompilerServices;
using Tessera.Backends.Cpu.Isa;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu.Kernels;

/// <summary>The step between the two products, chosen once per plan.</summary>
internal abstract class TileSoftmax
{
    /// <summary>Makes final base-2 scores in place, for tiles that are masked or modified before the softmax.</summary>
    public abstract void Convert(in SoftmaxTile tile);

    /// <summary>Finds block maxima of all rows of converted tiles.</summary>
    public abstract void Maxima(in SoftmaxTile tile);

    /// <summary>Scores to probabilities or codes; updates references, sums and, where the reference moves, output rows.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="stage">What was done before.</param>
    public abstract void Run(in SoftmaxTile tile, SoftmaxStage stage);

    /// <summary>Adds the tile to references and sums only, for log-sum-exp passes. The tile must be converted.</summary>
    public abstract void AddToSums(in SoftmaxTile tile);
}

/// <summary>How far a tile of scores has come.</summary>
internal enum SoftmaxStage
{
    /// <summary>Sums of QK.</summary>
    Sums = 0,

    /// <summary>Base-2 scores, masked and modified.</summary>
    Scores,

    /// <summary>Base-2 scores whose block maxima are known.</summary>
    Maxima,
}

/// <summary>
/// Online softmax of a tile in base 2, row by row.
/// <code>
/// reference r     of output and sum; moves up only when a row's maximum exceeds it by more than 8 (lazy rescale: 2^8 is harmless
///                 in binary32)
/// unrounded P     p = 2^(s - r), sum += p
/// coded P         code = round(CodeOfOne * 2^(s - t)) with t the running, row or tile maximum per key block; one code is worth
///                 2^(t - r) / CodeOfOne, which goes into P (float PV) or into the row factors (integer PV)
/// rows            whole registers; columns without a key hold -inf and give 0
/// scalar equal    ReferenceTileRow.AddRow with a movable reference
/// </code>
/// </summary>
internal sealed unsafe class TileSoftmax<TIsa, TVector, TCode>(ProbabilityFormat format) : TileSoftmax
    where TIsa : struct, IVectorIsa<TVector>
    where TVector : unmanaged
    where TCode : struct, IProbabilityCode<TIsa, TVector>
{
    // 2^8 times a sum of a few hundred thousand probabilities stays far inside binary32.
    private const float Slack = 8f;

    private const float LargestExponent = 120f;

    // Maxima of a few rows are found before the first is exponentiated: the processor then never waits for the reduction of a row.
    // Sixteen rows of 256 scores stay in the first-level cache meanwhile.
    private const int BatchRows = 16;

    private readonly ProbabilityReference _reference = format.Reference;
    private readonly bool _exactDenominator = TCode.IsUnrounded || format.Denominator == SoftmaxDenominator.Exact;
    private readonly float _codeOfOne = format.CodeOfOne;
    private readonly float _logCodeOfOne = MathF.Log2(format.CodeOfOne);

    public override void Convert(in SoftmaxTile tile) => ScoreRows<TIsa, TVector>.Convert(tile);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Maxima(in SoftmaxTile tile)
    {
        for (int row = 0; row < tile.Rows; row++)
        {
            ScoreRows<TIsa, TVector>.Maxima(tile, row);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(in SoftmaxTile tile, SoftmaxStage stage)
    {
        if (!TCode.IsUnrounded && _reference == ProbabilityReference.TileMaximum)
        {
            RunWithTileMaxima(tile, stage);
            return;
        }

        for (int start = 0; start < tile.Rows; start += BatchRows)
        {
            int end = Math.Min(start + BatchRows, tile.Rows);
            FindMaxima(tile, start, end, stage);
            for (int row = start; row < end; row++)
            {
                float* maxima = tile.BlockMaxima + (row * tile.MaximaStride);
                float before = tile.RunningMaximum[row];
                tile.RunningMaximum[row] = RaiseReference(tile, row, maxima);
                if (TCode.IsUnrounded)
                {
                    Exponentiate(tile, row);
                    continue;
                }

                for (int block = 0; _reference == ProbabilityReference.RunningMaximum && block < tile.Blocks; block++)
                {
                    before = maxima[block] = MathF.Max(before, maxima[block]);
                }

                Encode(tile, row, maxima);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void AddToSums(in SoftmaxTile tile)
    {
        for (int row = 0; row < tile.Rows; row++)
        {
            ScoreRows<TIsa, TVector>.Maxima(tile, row);
            RaiseReference(tile, row, tile.BlockMaxima + (row * tile.MaximaStride));
            float* scores = tile.Scores + (row * tile.ScoreStride);
            TVector reference = TIsa.Broadcast(Finite(tile.Reference[row]));
            TVector sum = TIsa.Zero;
            for (int column = 0; column < tile.Blocks * tile.KeyStride; column += TIsa.Count)
            {
                sum = TIsa.Add(sum, Exponential<TIsa, TVector>.Base2(TIsa.Subtract(TIsa.Load(scores + column), reference)));
            }

            tile.Sum[row] += TIsa.Sum(sum);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FindMaxima(in SoftmaxTile tile, int start, int end, SoftmaxStage stage)
    {
        if (stage == SoftmaxStage.Sums)
        {
            for (int row = start; row < end; row++)
            {
                ScoreRows<TIsa, TVector>.ConvertAndMaxima(tile, row);
            }
        }
        else if (stage == SoftmaxStage.Scores)
        {
            for (int row = start; row < end; row++)
            {
                ScoreRows<TIsa, TVector>.Maxima(tile, row);
            }
        }
    }

    // Before the first visible key there is no reference; any finite one turns hidden scores into zeros.
    private static float Finite(float reference) => float.IsNegativeInfinity(reference) ? 0 : reference;

    /// <summary>
    /// Moves the reference of a row when the tile's maximum exceeds it by more than the slack; answers the row's new running maximum.
    /// </summary>
    private static float RaiseReference(in SoftmaxTile tile, int row, float* maxima)
    {
        float maximum = maxima[0];
        for (int block = 1; block < tile.Blocks; block++)
        {
            maximum = MathF.Max(maximum, maxima[block]);
        }

        float reference = tile.Reference[row];
        if (maximum > reference + Slack)
        {
            tile.Reference[row] = maximum;
            if (tile.Sum[row] != 0)
            {
                Rescale(tile, row, MathF.Pow(2, reference - maximum));
            }
        }

        return MathF.Max(tile.RunningMaximum[row], maximum);
    }

    private static void Rescale(in SoftmaxTile tile, int row, float factor)
    {
        tile.Sum[row] *= factor;
        float* output = tile.Output + (row * tile.OutputStride);
        TVector factors = TIsa.Broadcast(factor);
        for (int column = 0; column < tile.OutputColumns; column += TIsa.Count)
        {
            TIsa.Store(output + column, TIsa.Multiply(TIsa.Load(output + column), factors));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Exponentiate(in SoftmaxTile tile, int row)
    {
        float* scores = tile.Scores + (row * tile.ScoreStride);
        TVector reference = TIsa.Broadcast(Finite(tile.Reference[row]));
        TVector sum = TIsa.Zero;
        int columns = tile.Blocks * tile.KeyStride;
        for (int column = 0; column < columns; column += TIsa.Count)
        {
            TVector p = Exponential<TIsa, TVector>.Base2(TIsa.Subtract(TIsa.Load(scores + column), reference));
            TIsa.Store(scores + column, p);
            sum = TIsa.Add(sum, p);
        }

        tile.Sum[row] += TIsa.Sum(sum);
    }

    private void RunWithTileMaxima(in SoftmaxTile tile, SoftmaxStage stage)
    {
        FindMaxima(tile, 0, tile.Rows, stage);
        for (int row = 0; row < tile.Rows; row++)
        {
            tile.RunningMaximum[row] = RaiseReference(tile, row, tile.BlockMaxima + (row * tile.MaximaStride));
        }

        for (int start = 0; start < tile.Rows; start += tile.BlockRows)
        {
            int end = Math.Min(start + tile.BlockRows, tile.Rows);
            for (int block = 0; block < tile.Blocks; block++)
            {
                float largest = float.NegativeInfinity;
                for (int row = start; row < end; row++)
                {
                    largest = MathF.Max(largest, tile.BlockMaxima[(row * tile.MaximaStride) + block]);
                }

                for (int row = start; row < end; row++)
                {
                    tile.BlockMaxima[(row * tile.MaximaStride) + block] = largest;
                }
            }
        }

        for (int row = 0; row < tile.Rows; row++)
        {
            Encode(tile, row, tile.BlockMaxima + (row * tile.MaximaStride));
        }
    }

    /// <summary>Codes of a row, given the reference of each block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Encode(in SoftmaxTile tile, int row, float* references)
    {
        float* factors = stackalloc float[16];
        TVector rowReference = TIsa.Broadcast(Finite(tile.Reference[row]) + _logCodeOfOne);
        float* scores = tile.Scores + (row * tile.ScoreStride);
        byte* codes = tile.Codes + (row * tile.CodeStride);
        int columns = tile.KeyStride;
        bool exact = _exactDenominator;
        TVector sum = TIsa.Zero;
        for (int block = 0; block < tile.Blocks; block++)
        {
            if (block % TIsa.Count == 0)
            {
                // A block without a visible key has reference -inf, factor 0 and codes 0.
                // A tile maximum far above the row leaves only codes 0.
                TVector exponents = TIsa.Min(TIsa.Subtract(TIsa.Load(references + block), rowReference), TIsa.Broadcast(LargestExponent));
                TIsa.Store(factors, Exponential<TIsa, TVector>.Base2(exponents));
            }

            float factor = factors[block % TIsa.Count];
            TVector worth = TIsa.Broadcast(factor);
            TVector shift = TIsa.Broadcast(Finite(references[block]) - (TCode.Truncates ? 0 : _logCodeOfOne));
            TVector blockSum = TIsa.Zero;
            for (int column = 0; column < columns; column += TIsa.Count)
            {
                TVector exponent = TIsa.Subtract(TIsa.Load(scores + column), shift);
                TVector numerator = TCode.IsCoarse && !TCode.Truncates
                    ? Exponential<TIsa, TVector>.Base2ForCodes(exponent)
                    : Exponential<TIsa, TVector>.Base2(exponent);
                numerator = TCode.Truncates ? TIsa.Multiply(numerator, TIsa.Broadcast(_codeOfOne)) : numerator;
                TVector code = TCode.Encode(numerator);
                TVector value = TCode.Decode(code);
                if (TCode.StoresBytes)
                {
                    TIsa.StoreLowBytes(codes + column, code);
                }
                else
                {
                    TIsa.Store(scores + column, TIsa.Multiply(value, worth));
                }

                blockSum = TIsa.Add(blockSum, exact ? numerator : value);
            }

            sum = TIsa.MultiplyAdd(blockSum, worth, sum);
            if (TCode.StoresBytes)
            {
                tile.RowFactors[(block * tile.FactorStride) + row] = factor;
            }

            scores += columns;
            codes += columns;
        }

        tile.Sum[row] += TIsa.Sum(sum);
    }
}
