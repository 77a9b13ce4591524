using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tessera.Backends.Cpu.Packing;

/// <summary>Transposes 32-bit elements: rows of keys to panels whose columns are keys.</summary>
internal static unsafe class Transposition
{
    /// <summary>destination[i * stride + r] = row r element i, for four rows.</summary>
    /// <param name="row0">First row.</param>
    /// <param name="row1">Second row.</param>
    /// <param name="row2">Third row.</param>
    /// <param name="row3">Fourth row.</param>
    /// <param name="count">Elements of a row.</param>
    /// <param name="destination">First of the four columns; 16-byte aligned rows.</param>
    /// <param name="stride">Elements between destination rows.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FourRows(float* row0, float* row1, float* row2, float* row3, int count, float* destination, nint stride)
    {
        int i = 0;
        if (Sse.IsSupported)
        {
            for (; i + 4 <= count; i += 4)
            {
                Vector128<float> a = Vector128.Load(row0 + i);
                Vector128<float> b = Vector128.Load(row1 + i);
                Vector128<float> c = Vector128.Load(row2 + i);
                Vector128<float> d = Vector128.Load(row3 + i);
                Vector128<float> abLow = Sse.UnpackLow(a, b);
                Vector128<float> cdLow = Sse.UnpackLow(c, d);
                Vector128<float> abHigh = Sse.UnpackHigh(a, b);
                Vector128<float> cdHigh = Sse.UnpackHigh(c, d);
                float* target = destination + (i * stride);
                Sse.MoveLowToHigh(abLow, cdLow).Store(target);
                Sse.MoveHighToLow(cdLow, abLow).Store(target + stride);
                Sse.MoveLowToHigh(abHigh, cdHigh).Store(target + (2 * stride));
                Sse.MoveHighToLow(cdHigh, abHigh).Store(target + (3 * stride));
            }
        }

        for (; i < count; i++)
        {
            float* target = destination + (i * stride);
            target[0] = row0[i];
            target[1] = row1[i];
            target[2] = row2[i];
            target[3] = row3[i];
        }
    }
}
