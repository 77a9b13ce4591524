using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Tessera.Attention;

/// <summary>Rows of one (batch, head) of a [B, H, L, D] tensor, whose channels are contiguous by contract.</summary>
internal static class HeadRows
{
    /// <summary>One token's channels, without copying.</summary>
    public static ReadOnlySpan<float> Row(in ReadOnlyTensorSpan<float> tensor, int batch, int head, int token) =>
        MemoryMarshal.CreateReadOnlySpan(in tensor[batch, head, token, 0], (int)tensor.Lengths[3]);

    /// <summary>Copies all tokens of a head to dense rows.</summary>
    public static float[] Copy(in ReadOnlyTensorSpan<float> tensor, int batch, int head)
    {
        int tokens = (int)tensor.Lengths[2];
        int channels = (int)tensor.Lengths[3];
        float[] rows = new float[checked(tokens * channels)];
        for (int token = 0; token < tokens; token++)
        {
            Row(tensor, batch, head, token).CopyTo(rows.AsSpan(token * channels));
        }

        return rows;
    }
}
