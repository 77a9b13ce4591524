using System.Numerics;
using System.Runtime.CompilerServices;

namespace Tessera.Methods;

/// <summary>
/// The four things that planning does to rows of floats. Short loops over hardware vectors, compiled at once: an online plan is made in a
/// few milliseconds, before the runtime would notice that they are hot.
/// </summary>
internal static unsafe class RowArithmetic
{
    /// <summary>target += row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* row, float* target, int count)
    {
        int i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
        {
            (Vector.Load(target + i) + Vector.Load(row + i)).Store(target + i);
        }

        for (; i < count; i++)
        {
            target[i] += row[i];
        }
    }

    /// <summary>target += factor * row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddScaled(float* row, float factor, float* target, int count)
    {
        Vector<float> factors = new(factor);
        int i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
        {
            Vector.MultiplyAddEstimate(factors, Vector.Load(row + i), Vector.Load(target + i)).Store(target + i);
        }

        for (; i < count; i++)
        {
            target[i] += factor * row[i];
        }
    }

    /// <summary>target = row - offset; answers the sum of squares of the target.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Shift(float* row, float* offset, float* target, int count)
    {
        Vector<float> squares = default;
        int i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
        {
            Vector<float> shifted = Vector.Load(row + i) - Vector.Load(offset + i);
            squares = Vector.MultiplyAddEstimate(shifted, shifted, squares);
            shifted.Store(target + i);
        }

        float sum = Vector.Sum(squares);
        for (; i < count; i++)
        {
            target[i] = row[i] - offset[i];
            sum += target[i] * target[i];
        }

        return sum;
    }

    /// <summary>Sum of squares.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float SumOfSquares(float* row, int count)
    {
        Vector<float> squares = default;
        int i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
        {
            Vector<float> values = Vector.Load(row + i);
            squares = Vector.MultiplyAddEstimate(values, values, squares);
        }

        float sum = Vector.Sum(squares);
        for (; i < count; i++)
        {
            sum += row[i] * row[i];
        }

        return sum;
    }
}
