namespace Tessera.Attention;

/// <summary>All rows of one (batch, head) of an operand, as attention sees them.</summary>
internal static class HeadRows
{
    /// <summary>Copies all tokens of a head to dense rows.</summary>
    public static float[] Copy(in InputTensor tensor, int batch, int head)
    {
        float[] rows = new float[checked(tensor.Tokens * tensor.Channels)];
        for (int token = 0; token < tensor.Tokens; token++)
        {
            tensor.CopyRow(batch, head, token, rows.AsSpan(token * tensor.Channels, tensor.Channels));
        }

        return rows;
    }
}
