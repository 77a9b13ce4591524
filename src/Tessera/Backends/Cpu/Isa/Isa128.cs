using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Lanes = System.Runtime.Intrinsics.Vector128<float>;

namespace Tessera.Backends.Cpu.Isa;

/// <summary>The portable width: 4 lanes, whatever the processor has (SSE, AdvSimd, WebAssembly) down to plain scalar code.</summary>
internal readonly unsafe struct Isa128 : IVectorIsa<Lanes>
{
    /// <summary>Whether this process may use the width.</summary>
    public static bool IsSupported => true;

    public static int Count => 4;

    public static int Registers => 16;

    public static Lanes Zero => Lanes.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Load(float* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Lanes value) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes LoadShorts(ushort* source) => Vector128.WidenLower(Vector128.CreateScalar(*(ulong*)source).AsUInt16()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes SwapNeighbours(Lanes value) => Vector128.Shuffle(value, Vector128.Create(1, 0, 3, 2));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Broadcast(float value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes BroadcastFrom(float* source) => Vector128.Create(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Add(Lanes left, Lanes right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Subtract(Lanes left, Lanes right) => left - right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Multiply(Lanes left, Lanes right) => left * right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Divide(Lanes left, Lanes right) => left / right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes MultiplyAdd(Lanes left, Lanes right, Lanes addend) => Vector128.MultiplyAddEstimate(left, right, addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Max(Lanes left, Lanes right) => Vector128.MaxNative(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Min(Lanes left, Lanes right) => Vector128.MinNative(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Truncate(Lanes value) => Vector128.ConvertToSingle(Vector128.ConvertToInt32Native(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes SelectLess(Lanes left, Lanes right, Lanes chosen, Lanes otherwise) =>
        Vector128.ConditionalSelect(Vector128.LessThan(left, right), chosen, otherwise);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Lanes value) => Vector128.Sum(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxAcross(Lanes value) => Reduce(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes BroadcastInt32(int value) => Vector128.Create(value).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes AddInt32(Lanes left, Lanes right) => (left.AsInt32() + right.AsInt32()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes SubtractInt32(Lanes left, Lanes right) => (left.AsInt32() - right.AsInt32()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes MaxInt32(Lanes left, Lanes right) => Vector128.Max(left.AsInt32(), right.AsInt32()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int MaxAcrossInt32(Lanes value)
    {
        Vector128<int> half = Vector128.Max(value.AsInt32(), Vector128.Shuffle(value.AsInt32(), Vector128.Create(2, 3, 0, 1)));
        return Vector128.Max(half, Vector128.Shuffle(half, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SumInt32(Lanes value) => Vector128.Sum(value.AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes And(Lanes left, Lanes right) => left & right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Or(Lanes left, Lanes right) => left | right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes ShiftLeftInt32(Lanes value, byte count) => (value.AsInt32() << count).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes ShiftRightLogicalInt32(Lanes value, byte count) => (value.AsInt32() >>> count).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes ToFloat(Lanes integers) => Vector128.ConvertToSingle(integers.AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreLowBytes(byte* destination, Lanes value)
    {
        Vector128<ushort> shorts = Vector128.Narrow(value.AsUInt32(), value.AsUInt32());
        *(uint*)destination = Vector128.Narrow(shorts, shorts).AsUInt32().ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes MultiplyAddBytes(Lanes unsignedBytes, Lanes signedBytes)
    {
        if (Ssse3.IsSupported)
        {
            return Ssse3.MultiplyAddAdjacent(unsignedBytes.AsByte(), signedBytes.AsSByte()).AsSingle();
        }

        // Pair sums fit 16 bits by contract, so products and sums need no saturation.
        Vector128<short> u = unsignedBytes.AsInt16();
        Vector128<short> s = signedBytes.AsInt16();
        Vector128<short> even = (u & Vector128.Create((short)0xFF)) * ((s << 8) >> 8);
        Vector128<short> odd = (u >>> 8) * (s >> 8);
        return (even + odd).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes MultiplyAddShorts(Lanes left, Lanes right)
    {
        if (Sse2.IsSupported)
        {
            return Sse2.MultiplyAddAdjacent(left.AsInt16(), right.AsInt16()).AsSingle();
        }

        Vector128<int> a = left.AsInt32();
        Vector128<int> b = right.AsInt32();
        Vector128<int> even = ((a << 16) >> 16) * ((b << 16) >> 16);
        return (even + ((a >> 16) * (b >> 16))).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes AddShorts(Lanes left, Lanes right) => (left.AsInt16() + right.AsInt16()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes ShiftLeftShorts(Lanes value, byte count) => (value.AsInt16() << count).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes ShiftRightShorts(Lanes value, byte count) => (value.AsInt16() >> count).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes ShiftRightLogicalShorts(Lanes value, byte count) => (value.AsInt16() >>> count).AsSingle();

    private static float Reduce(Lanes value)
    {
        Lanes half = Vector128.MaxNative(value, Vector128.Shuffle(value, Vector128.Create(2, 3, 0, 1)));
        return Vector128.MaxNative(half, Vector128.Shuffle(half, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }
}
