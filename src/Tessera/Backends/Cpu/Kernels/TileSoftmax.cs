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
    /// <summary>Products of QK with their partial maxima: row scales and bias are still to come.</summary>
    Products = 0,

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
                for (int block = 0; _reference == ProbabilityReference.RunningMaximum && block < tile.Blocks; block++)
                {
                    before = maxima[block] = float.MaxNative(before, maxima[block]);
                }
            }

            Replace(tile, start, end);
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
        for (int row = start; row < end; row++)
        {
            tile.ScoreFactors[row] = 1;
            if (stage == SoftmaxStage.Products)
            {
                tile.ScoreFactors[row] = ScoreRows<TIsa, TVector>.FinishMaxima(tile, row);
            }
            else if (stage == SoftmaxStage.Scores)
            {
                ScoreRows<TIsa, TVector>.Maxima(tile, row);
            }
        }
    }

    // Before the first visible key there is no reference; any finite one turns hidden scores into zeros.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Finite(float reference) => float.IsNegativeInfinity(reference) ? 0 : reference;

    /// <summary>
    /// Moves the reference of a row when the tile's maximum exceeds it by more than the slack; answers the row's new running maximum.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float RaiseReference(in SoftmaxTile tile, int row, float* maxima)
    {
        float maximum = maxima[0];
        for (int block = 1; block < tile.Blocks; block++)
        {
            maximum = float.MaxNative(maximum, maxima[block]);
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

        return float.MaxNative(tile.RunningMaximum[row], maximum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
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

    /// <summary>Scores of rows, whose maxima and references are known, to probabilities or codes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Replace(in SoftmaxTile tile, int start, int end)
    {
        for (int row = start; row < end; row++)
        {
            float* scores = tile.Scores + (row * tile.ScoreStride);
            if (TCode.IsUnrounded)
            {
                tile.Sum[row] += Exponentiate(
                    scores, tile.Blocks * tile.KeyStride, tile.ScoreFactors[row], -Finite(tile.Reference[row]));
                continue;
            }

            float* shifts = tile.BlockMaxima + (row * tile.MaximaStride);
            float* factors = tile.BlockFactors + (row * tile.MaximaStride);
            Weigh(shifts, factors, tile.Blocks, tile.Reference[row]);
            tile.Sum[row] += Encode(
                scores, tile.Codes + (row * tile.CodeStride), tile.Blocks, tile.KeyStride, tile.ScoreFactors[row], shifts, factors);
            for (int block = 0; TCode.StoresBytes && block < tile.Blocks; block++)
            {
                tile.RowFactors[(block * tile.FactorStride) + row] = factors[block];
            }
        }
    }

    /// <summary>Probabilities of a row in place; answers their sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Exponentiate(float* scores, int columns, float scoreFactor, float shift)
    {
        TVector factor = TIsa.Broadcast(scoreFactor);
        TVector shifts = TIsa.Broadcast(shift);
        TVector sum = TIsa.Zero;
        int column = 0;

        // Four at a time: one exponential is a chain of a dozen dependent instructions.
        for (; column + (4 * TIsa.Count) <= columns; column += 4 * TIsa.Count)
        {
            TVector first = Exponentiate(scores + column, factor, shifts);
            TVector second = Exponentiate(scores + column + TIsa.Count, factor, shifts);
            TVector third = Exponentiate(scores + column + (2 * TIsa.Count), factor, shifts);
            TVector fourth = Exponentiate(scores + column + (3 * TIsa.Count), factor, shifts);
            sum = TIsa.Add(sum, TIsa.Add(TIsa.Add(first, second), TIsa.Add(third, fourth)));
        }

        for (; column < columns; column += TIsa.Count)
        {
            sum = TIsa.Add(sum, Exponentiate(scores + column, factor, shifts));
        }

        return TIsa.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Exponentiate(float* scores, TVector factor, TVector shift)
    {
        TVector p = Exponential<TIsa, TVector>.Base2(TIsa.MultiplyAdd(TIsa.Load(scores), factor, shift));
        TIsa.Store(scores, p);
        return p;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
                    largest = float.MaxNative(largest, tile.BlockMaxima[(row * tile.MaximaStride) + block]);
                }

                for (int row = start; row < end; row++)
                {
                    tile.BlockMaxima[(row * tile.MaximaStride) + block] = largest;
                }
            }
        }

        Replace(tile, 0, tile.Rows);
    }

    /// <summary>
    /// From the references of the blocks of a row: what one of their codes is worth, and, in place, what turns scores into exponents.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Weigh(float* references, float* factors, int blocks, float rowReference)
    {
        // A block without a visible key has reference -inf, factor 0 and codes 0.
        // A tile maximum far above the row leaves only codes 0.
        TVector subtrahend = TIsa.Broadcast(Finite(rowReference) + _logCodeOfOne);
        TVector one = TIsa.Broadcast(TCode.Truncates ? 0 : _logCodeOfOne);
        TVector lowest = TIsa.Broadcast(float.MinValue);
        for (int block = 0; block < blocks; block += TIsa.Count)
        {
            TVector reference = TIsa.Load(references + block);
            TVector exponents = TIsa.Min(TIsa.Subtract(reference, subtrahend), TIsa.Broadcast(LargestExponent));
            TIsa.Store(factors + block, Exponential<TIsa, TVector>.Base2(exponents));
            TIsa.Store(references + block, TIsa.Subtract(one, TIsa.SelectLess(reference, lowest, TIsa.Zero, reference)));
        }
    }

    /// <summary>Codes of a row; answers the sum of what they are worth, or, with an exact denominator, of what they round.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private float Encode(float* scores, byte* codes, int blocks, int columns, float scoreFactor, float* shifts, float* factors)
    {
        bool exact = _exactDenominator;
        TVector factor = TIsa.Broadcast(scoreFactor);
        TVector sum = TIsa.Zero;
        for (int block = 0; block < blocks; block++)
        {
            TVector shift = TIsa.BroadcastFrom(shifts + block);
            TVector worth = TIsa.BroadcastFrom(factors + block);

            // Codes of nearest rounding are summed as they are; truncated ones need the exponential of the score itself.
            TVector blockSum = TCode.StoresBytes && !TCode.Truncates && !exact
                ? EncodeBytes(scores, codes, columns, factor, shift)
                : EncodeBlock(scores, codes, columns, factor, shift, worth, exact);
            sum = TIsa.MultiplyAdd(blockSum, worth, sum);
            scores += columns;
            codes += columns;
        }

        return TIsa.Sum(sum);
    }

    /// <summary>
    /// Byte codes of a block whose denominator is their own sum: everything below half a code is code 0, and codes are summed as integers.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector EncodeBytes(float* scores, byte* codes, int columns, TVector scoreFactor, TVector shift)
    {
        TVector sum = TIsa.Zero;
        int column = 0;
        for (; column + (4 * TIsa.Count) <= columns; column += 4 * TIsa.Count)
        {
            TVector first = EncodeByte(scores + column, codes + column, scoreFactor, shift);
            TVector second = EncodeByte(scores + column + TIsa.Count, codes + column + TIsa.Count, scoreFactor, shift);
            TVector third = EncodeByte(scores + column + (2 * TIsa.Count), codes + column + (2 * TIsa.Count), scoreFactor, shift);
            TVector fourth = EncodeByte(scores + column + (3 * TIsa.Count), codes + column + (3 * TIsa.Count), scoreFactor, shift);
            sum = TIsa.AddInt32(sum, TIsa.AddInt32(TIsa.AddInt32(first, second), TIsa.AddInt32(third, fourth)));
        }

        for (; column < columns; column += TIsa.Count)
        {
            sum = TIsa.AddInt32(sum, EncodeByte(scores + column, codes + column, scoreFactor, shift));
        }

        // Each code carried the bits of the rounding constant along; modulo 2^32 they come off all at once.
        int carried = unchecked(columns / TIsa.Count * BitConverter.SingleToInt32Bits(Exponential<TIsa, TVector>.RoundingShift));
        return TIsa.ToFloat(TIsa.SubtractInt32(sum, TIsa.BroadcastInt32(carried)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector EncodeByte(float* scores, byte* codes, TVector scoreFactor, TVector shift)
    {
        TVector exponent = TIsa.MultiplyAdd(TIsa.Load(scores), scoreFactor, shift);
        TVector code = TCode.Encode(Exponential<TIsa, TVector>.Base2ForByteCodes(exponent));
        TIsa.StoreLowBytes(codes, code);
        return code;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TVector EncodeBlock(
        float* scores, byte* codes, int columns, TVector scoreFactor, TVector shift, TVector worth, bool exact)
    {
        TVector sum = TIsa.Zero;
        for (int column = 0; column < columns; column += TIsa.Count)
        {
            TVector exponent = TIsa.MultiplyAdd(TIsa.Load(scores + column), scoreFactor, shift);
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

            sum = TIsa.Add(sum, exact ? numerator : value);
        }

        return sum;
    }
}
