namespace GpuCheck.Inputs;

/// <summary>
/// Random numbers by place: element i of stream s is a function of (s, i) alone, so that any part of a tensor can be made anywhere, in any
/// order. SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) and the Box-Muller transform.
/// </summary>
internal static class CounterNormal
{
    /// <summary>One standard normal number.</summary>
    public static float At(ulong stream, long index)
    {
        ulong pair = Mix((stream * 0x9E3779B97F4A7C15UL) + (ulong)index);
        double u = ((pair >> 40) + 1) / (double)(1 << 24);
        double v = (pair & 0xFFFFFF) / (double)(1 << 24);
        return (float)(Math.Sqrt(-2 * Math.Log(u)) * Math.Cos(2 * Math.PI * v));
    }

    /// <summary>Fills an array.</summary>
    public static float[] Fill(ulong stream, long count)
    {
        float[] values = new float[count];
        Parallel.For(0, (int)((count + 65535) / 65536), block =>
        {
            long end = Math.Min(count, (block + 1L) * 65536);
            for (long i = block * 65536L; i < end; i++)
            {
                values[i] = At(stream, i);
            }
        });
        return values;
    }

    private static ulong Mix(ulong state)
    {
        state += 0x9E3779B97F4A7C15UL;
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9UL;
        state = (state ^ (state >> 27)) * 0x94D049BB133111EBUL;
        return state ^ (state >> 31);
    }
}
