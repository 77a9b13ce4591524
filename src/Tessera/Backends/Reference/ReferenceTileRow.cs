using Tessera.Attention;
using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Backends.Reference;

/// <summary>One query block of one head: its rows against the kept key blocks, in ascending order.</summary>
internal sealed class ReferenceTileRow
{
    private readonly AttentionPlan _plan;
    private readonly ReferenceOperands _operands;
    private readonly int _batch;
    private readonly int _head;
    private readonly int _queryBlock;
    private readonly int _rowStart;
    private readonly int _rows;
    private readonly ProbabilityQuantizer _quantizer;
    private readonly double[] _maximum;
    private readonly double[] _sum;
    private readonly double[,] _accumulator;

    public ReferenceTileRow(AttentionPlan plan, ReferenceOperands operands, int batch, int head, int queryBlock)
    {
        _plan = plan;
        _operands = operands;
        _batch = batch;
        _head = head;
        _queryBlock = queryBlock;
        _rowStart = queryBlock * plan.Mask.Size.Query;
        _rows = Math.Min(plan.Mask.Size.Query, plan.Mask.QuerySlots - _rowStart);
        _quantizer = new ProbabilityQuantizer(plan.Recipe.Probability);
        _maximum = new double[_rows];
        _sum = new double[_rows];
        _accumulator = new double[_rows, plan.Shape.HeadDim];
        Array.Fill(_maximum, double.NegativeInfinity);
    }

    public long ProbabilityTilesSkipped { get; private set; }

    public void Run(double[] output, double[] logSumExp)
    {
        ReadOnlySpan<int> full = _plan.Mask.FullKeyBlocks(_head, _queryBlock);
        ReadOnlySpan<int> partial = _plan.Mask.PartialKeyBlocks(_head, _queryBlock);
        int nextFull = 0;
        int nextPartial = 0;
        while (nextFull < full.Length || nextPartial < partial.Length)
        {
            bool takeFull = nextPartial == partial.Length || (nextFull < full.Length && full[nextFull] < partial[nextPartial]);
            int keyBlock = takeFull ? full[nextFull++] : partial[nextPartial++];
            Visit(Scores(keyBlock, takeFull ? null : _plan.Mask.Predicate), keyBlock);
        }

        Store(output, logSumExp);
    }

    /// <summary>Scores of a tile in natural units; hidden pairs and padding are negative infinity.</summary>
    private double[,] Scores(int keyBlock, MaskPredicate? predicate)
    {
        (int start, int count) = KeyRange(keyBlock);
        double[,] scores = new double[_rows, count];
        for (int r = 0; r < _rows; r++)
        {
            int query = _operands.QueryToken(_rowStart + r);
            for (int c = 0; c < count; c++)
            {
                int key = _operands.KeyToken(start + c);
                TokenPair pair = new(_batch, _head, query, key);
                scores[r, c] = query < 0 || key < 0 || (predicate is not null && !predicate.Allows(pair))
                    ? double.NegativeInfinity
                    : Score(_rowStart + r, start + c, pair);
            }
        }

        return scores;
    }

    private double Score(int querySlot, int keySlot, TokenPair pair)
    {
        double score = _plan.EffectiveScale * _operands.Dot(querySlot, keySlot);
        if (_plan.ScoreModifier is not { } modifier)
        {
            return score;
        }

        // A functor sees true scores: what key smoothing took from the row goes back first, and out again for the log-sum-exp below.
        double constant = _operands.RowConstant(querySlot);
        return modifier.Apply((float)(score + constant), pair) - constant;
    }

    private (int Start, int Count) KeyRange(int keyBlock)
    {
        int start = keyBlock * _plan.Mask.Size.Key;
        return (start, Math.Min(_plan.Mask.Size.Key, _plan.Mask.KeySlots - start));
    }

    private void Visit(double[,] scores, int keyBlock)
    {
        (int keyStart, int keys) = KeyRange(keyBlock);
        double[] tileMaximum = new double[_rows];
        double lift = double.NegativeInfinity;
        double wholeTile = double.NegativeInfinity;
        for (int r = 0; r < _rows; r++)
        {
            tileMaximum[r] = double.NegativeInfinity;
            for (int c = 0; c < keys; c++)
            {
                // Not Math.Max alone: a NaN score must win, so that a NaN input is seen in the output.
                tileMaximum[r] = double.IsNaN(scores[r, c]) ? double.NaN : Math.Max(tileMaximum[r], scores[r, c]);
            }

            wholeTile = Math.Max(wholeTile, tileMaximum[r]);
            if (!double.IsNegativeInfinity(tileMaximum[r]))
            {
                lift = Math.Max(lift, tileMaximum[r] - _maximum[r]);
            }
        }

        // SpargeAttention, second stage: in base-2 units, the largest rise of any row over its running maximum.
        if (_plan.ProbabilitySkipThreshold is { } threshold && (lift * Math.Log2(Math.E)) + threshold <= 0)
        {
            ProbabilityTilesSkipped++;
            return;
        }

        for (int r = 0; r < _rows; r++)
        {
            if (!double.IsNegativeInfinity(tileMaximum[r]))
            {
                AddRow(scores, r, keyStart, keys, tileMaximum[r], wholeTile);
            }
        }
    }

    private void AddRow(double[,] scores, int r, int keyStart, int keys, double tileMaximum, double wholeTile)
    {
        ProbabilityFormat format = _plan.Recipe.Probability;
        double maximum = Math.Max(_maximum[r], tileMaximum);
        double reference = format.Reference switch
        {
            ProbabilityReference.TileRowMaximum => tileMaximum,
            ProbabilityReference.TileMaximum => wholeTile,
            _ => maximum,
        };
        double rescale = double.IsNegativeInfinity(_maximum[r]) ? 0 : Math.Exp(_maximum[r] - maximum);
        double lift = Math.Exp(reference - maximum);
        _maximum[r] = maximum;
        _sum[r] *= rescale;
        for (int d = 0; d < _plan.Shape.HeadDim; d++)
        {
            _accumulator[r, d] *= rescale;
        }

        for (int c = 0; c < keys; c++)
        {
            if (double.IsNegativeInfinity(scores[r, c]))
            {
                continue;
            }

            double exact = Math.Exp(scores[r, c] - reference);
            double quantized = format.Format == NumberFormat.Float32 ? exact : _quantizer.Dequantize(_quantizer.CodeOfProbability(exact));
            _sum[r] += lift * (format.Denominator == SoftmaxDenominator.Quantized ? quantized : exact);
            for (int d = 0; d < _plan.Shape.HeadDim; d++)
            {
                _accumulator[r, d] += lift * quantized * _operands.Value(keyStart + c, d);
            }
        }
    }

    private void Store(double[] output, double[] logSumExp)
    {
        AttentionShape shape = _plan.Shape;
        for (int r = 0; r < _rows; r++)
        {
            int token = _operands.QueryToken(_rowStart + r);
            if (token < 0)
            {
                continue;
            }

            double keptLogSumExp = _maximum[r] + Math.Log(_sum[r]);
            double share = 1;
            if (_plan.Normalization == SoftmaxNormalization.WholeRow)
            {
                double whole = WholeRowLogSumExp(_rowStart + r);
                share = Math.Exp(keptLogSumExp - whole);
                keptLogSumExp = whole;
            }

            long row = ((((long)_batch * shape.Heads) + _head) * shape.QueryLength) + token;
            // A row that sees no key, or whose codes are all zero (possible against the maximum of a whole tile), has nothing to divide.
            bool visible = !double.IsNegativeInfinity(_maximum[r]) && _sum[r] != 0;
            logSumExp[row] = visible ? keptLogSumExp + _operands.RowConstant(_rowStart + r) : double.NegativeInfinity;
            for (int d = 0; d < shape.HeadDim; d++)
            {
                output[(row * shape.HeadDim) + d] = visible ? share * ((_accumulator[r, d] / _sum[r]) + _operands.ValueMean(d)) : 0;
            }
        }
    }

    /// <summary>Log-sum-exp of a row over every valid key, whatever the mask keeps.</summary>
    private double WholeRowLogSumExp(int querySlot)
    {
        int query = _operands.QueryToken(querySlot);
        double maximum = double.NegativeInfinity;
        double sum = 0;
        for (int slot = 0; slot < _plan.Mask.KeySlots; slot++)
        {
            int key = _operands.KeyToken(slot);
            if (key < 0)
            {
                continue;
            }

            double score = Score(querySlot, slot, new TokenPair(_batch, _head, query, key));
            double larger = Math.Max(maximum, score);
            sum = (sum * Math.Exp(maximum - larger)) + Math.Exp(score - larger);
            maximum = larger;
        }

        return maximum + Math.Log(sum);
    }
}
