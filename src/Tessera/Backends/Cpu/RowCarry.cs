namespace Tessera.Backends.Cpu;

/// <summary>Softmax state of the query slots of a head between two ranges of keys; output rows wait in the caller's output.</summary>
internal unsafe struct RowCarry
{
    public float* References;

    public float* RunningMaxima;

    public float* Sums;

    /// <summary>Lays the state out in memory; answers its bytes.</summary>
    public static long Lay(int slots, byte* memory, out RowCarry carry)
    {
        Carver carver = new(memory);
        carry.References = (float*)carver.Take(4L * slots);
        carry.RunningMaxima = (float*)carver.Take(4L * slots);
        carry.Sums = (float*)carver.Take(4L * slots);
        return carver.Taken;
    }
}
