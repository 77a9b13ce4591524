using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Lanes = System.Runtime.Intrinsics.Vector512<float>;

namespace Tessera.Backends.Cpu.Isa;

/// <summary>AVX-512 F and BW: 16 lanes, 32 registers.</summary>
internal readonly unsafe struct Isa512 : IVectorIsa<Lanes>
{
    /// <summary>Whether this process may use the width.</summary>
    public static bool IsSupported => Vector512.IsHardwareAccelerated && Avx512BW.IsSupported;

    public static int Count => 16;

    public static int Registers => 32;

    public static Lanes Zero => Lanes.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Load(float* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Lanes value) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes LoadShorts(ushort* source) => Avx512F.ConvertToVector512UInt32(Vector256.Load(source)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes SwapNeighbours(Lanes value) => Avx512F.Permute4x32(value, 0b10_11_00_01);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Broadcast(float value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes BroadcastFrom(float* source) => Vector512.Create(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Add(Lanes left, Lanes right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Subtract(Lanes left, Lanes right) => left - right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Multiply(Lanes left, Lanes right) => left * right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Divide(Lanes left, Lanes right) => left / right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes MultiplyAdd(Lanes left, Lanes right, Lanes addend) => Avx512F.FusedMultiplyAdd(left, right, addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Max(Lanes left, Lanes right) => Vector512.MaxNative(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Min(Lanes left, Lanes right) => Vector512.MinNative(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Truncate(Lanes value) => Vector512.ConvertToSingle(Vector512.ConvertToInt32Native(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes SelectLess(Lanes left, Lanes right, Lanes chosen, Lanes otherwise) =>
        Vector512.ConditionalSelect(Vector512.LessThan(left, right), chosen, otherwise);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Lanes value) => Isa256.Sum(value.GetLower() + value.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxAcross(Lanes value) => Isa256.MaxAcross(Vector256.MaxNative(value.GetLower(), value.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes BroadcastInt32(int value) => Vector512.Create(value).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes AddInt32(Lanes left, Lanes right) => (left.AsInt32() + right.AsInt32()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes SubtractInt32(Lanes left, Lanes right) => (left.AsInt32() - right.AsInt32()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes MaxInt32(Lanes left, Lanes right) => Vector512.Max(left.AsInt32(), right.AsInt32()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int MaxAcrossInt32(Lanes value) =>
        Isa256.MaxAcrossInt32(Vector256.Max(value.AsInt32().GetLower(), value.AsInt32().GetUpper()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SumInt32(Lanes value) => Vector512.Sum(value.AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes And(Lanes left, Lanes right) => left & right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes Or(Lanes left, Lanes right) => left | right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes ShiftLeftInt32(Lanes value, byte count) => (value.AsInt32() << count).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes ShiftRightLogicalInt32(Lanes value, byte count) => (value.AsInt32() >>> count).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes ToFloat(Lanes integers) => Vector512.ConvertToSingle(integers.AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreLowBytes(byte* destination, Lanes value) => Avx512F.ConvertToVector128Byte(value.AsUInt32()).Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes MultiplyAddBytes(Lanes unsignedBytes, Lanes signedBytes) =>
        Avx512BW.MultiplyAddAdjacent(unsignedBytes.AsByte(), signedBytes.AsSByte()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes MultiplyAddShorts(Lanes left, Lanes right) =>
        Avx512BW.MultiplyAddAdjacent(left.AsInt16(), right.AsInt16()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes AddShorts(Lanes left, Lanes right) => (left.AsInt16() + right.AsInt16()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes ShiftLeftShorts(Lanes value, byte count) => (value.AsInt16() << count).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes ShiftRightShorts(Lanes value, byte count) => (value.AsInt16() >> count).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes ShiftRightLogicalShorts(Lanes value, byte count) => (value.AsInt16() >>> count).AsSingle();
}
