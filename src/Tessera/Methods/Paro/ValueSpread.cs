using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.Methods.Paro;

/// <summary>
/// How far values lie from their mean over the sequence. A constant added to all values does not change which blocks matter when rows are
/// renormalised, so distances and not norms bound what a skipped block can move.
/// </summary>
internal static class ValueSpread
{
    /// <summary>|v - mean(v)| per natural token.</summary>
    public static float[] PerToken(in AttentionInputs inputs, int batch, int head)
    {
        int tokens = inputs.Shape.KeyLength;
        int channels = inputs.Shape.HeadDim;
        double[] mean = new double[channels];
        float[] scratch = new float[channels];
        for (int token = 0; token < tokens; token++)
        {
            ReadOnlySpan<float> row = inputs.Value.Row(batch, head, token, scratch);
            for (int c = 0; c < channels; c++)
            {
                mean[c] += row[c];
            }
        }

        float[] spread = new float[tokens];
        for (int token = 0; token < tokens; token++)
        {
            ReadOnlySpan<float> row = inputs.Value.Row(batch, head, token, scratch);
            double square = 0;
            for (int c = 0; c < channels; c++)
            {
                double distance = row[c] - (mean[c] / tokens);
                square += distance * distance;
            }

            spread[token] = (float)Math.Sqrt(square);
        }

        return spread;
    }

    /// <summary>Mean over the tokens of each key block; 0 for blocks of padding.</summary>
    public static float[] PerBlock(ReadOnlySpan<float> perToken, TokenOrder order, int block)
    {
        float[] spread = new float[CeilingDivision.Of(order.Slots, block)];
        for (int index = 0; index < spread.Length; index++)
        {
            double sum = 0;
            int tokens = 0;
            for (int slot = index * block; slot < Math.Min(order.Slots, (index + 1) * block); slot++)
            {
                int token = order.TokenAt(slot);
                sum += token >= 0 ? perToken[token] : 0;
                tokens += token >= 0 ? 1 : 0;
            }

            spread[index] = tokens > 0 ? (float)(sum / tokens) : 0;
        }

        return spread;
    }
}
