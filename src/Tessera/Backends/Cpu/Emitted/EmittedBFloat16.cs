using System.Runtime.Intrinsics.X86;
using Tessera.Backends.Cpu.Isa;

namespace Tessera.Backends.Cpu.Emitted;

/// <summary>The emitted 512-bit products of bfloat16, made once per process on first use.</summary>
internal static unsafe class EmittedBFloat16
{
    private static readonly Lazy<Functions> Made = new(Make);

    /// <summary>Whether this process can use them.</summary>
    public static bool IsSupported => Made.Value.Fault is null;

    /// <summary>Why not, or null.</summary>
    public static string? Fault => Made.Value.Fault;

    // CPUID leaf 7.1: the instruction itself. That the system saves 512-bit registers is part of Isa512.IsSupported.
    private static bool ProcessorHasIt =>
        X86Base.IsSupported && X86Base.CpuId(7, 0).Eax >= 1 && ((X86Base.CpuId(7, 1).Eax >> 5) & 1) != 0;

    /// <summary>C = A B or C += A B of eight rows and one panel; see <see cref="BFloat16Panel"/>.</summary>
    /// <param name="vectors">Registers in a row of the panel.</param>
    /// <param name="adds">Whether C is added to.</param>
    /// <param name="arguments">Operands; at least one step.</param>
    public static void Multiply(int vectors, bool adds, BFloat16Arguments* arguments)
    {
        ExecutableMemory code = Made.Value.Products[(2 * (vectors - 1)) + (adds ? 1 : 0)];
        ((delegate* unmanaged[Cdecl, SuppressGCTransition]<BFloat16Arguments*, void>)code.Address)(arguments);
    }

    /// <summary>Rounds groups of 32 numbers.</summary>
    /// <param name="source">Binary32.</param>
    /// <param name="target">Receives bfloat16.</param>
    /// <param name="groups">How many.</param>
    public static void Round(float* source, ushort* target, int groups)
    {
        if (groups == 0)
        {
            return; // Emitted loops test at their end.
        }

        BFloat16Arguments arguments;
        arguments.A = source;
        arguments.B = (float*)target;
        arguments.Steps = groups;
        ((delegate* unmanaged[Cdecl, SuppressGCTransition]<BFloat16Arguments*, void>)Made.Value.Rounding!.Address)(&arguments);
    }

    private static Functions Make()
    {
        if (EmittedCode.Refusal is { } refused)
        {
            return new Functions([], null, refused);
        }

        if (!Isa512.IsSupported || !ProcessorHasIt)
        {
            return new Functions([], null, "the processor or this process has no AVX512-BF16");
        }

        try
        {
            bool isWindows = OperatingSystem.IsWindows();
            ExecutableMemory[] products = new ExecutableMemory[2 * BFloat16Panel.MostVectors];
            for (int i = 0; i < products.Length; i++)
            {
                products[i] = new ExecutableMemory(BFloat16Panel.EmitProduct((i / 2) + 1, i % 2 != 0, isWindows));
            }

            return new Functions(products, new ExecutableMemory(BFloat16Panel.EmitRounding(isWindows)), null);
        }
        catch (PlatformNotSupportedException refusal)
        {
            return new Functions([], null, refusal.Message);
        }
    }

    private sealed record Functions(ExecutableMemory[] Products, ExecutableMemory? Rounding, string? Fault);
}
