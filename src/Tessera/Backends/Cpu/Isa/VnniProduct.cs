using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tessera.Backends.Cpu.Isa;

/// <summary>
/// u8 times s8 to 32 bits in one instruction that cannot saturate (vpdpbusd, AVX-VNNI). .NET 10 exposes it for 256 bits only.
/// </summary>
internal readonly struct VnniProduct : IProduct<Vector256<float>>
{
    /// <summary>Whether this process may use it.</summary>
    public static bool IsSupported => Isa256.IsSupported && AvxVnni.IsSupported;

    public static bool IsInteger => true;

    public static int WidenEvery => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Accumulate(Vector256<float> sums, Vector256<float> a, Vector256<float> b) =>
        AvxVnni.MultiplyWideningAndAdd(sums.AsInt32(), a.AsByte(), b.AsSByte()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Widen(Vector256<float> sums) => sums;
}
