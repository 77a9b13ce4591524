using System.Runtime.Intrinsics.X86;
using Tessera.Backends.Cpu.Isa;

namespace Tessera.Backends.Cpu.Emitted;

/// <summary>The emitted 512-bit byte products, made once per process on first use.</summary>
internal static unsafe class EmittedVnni
{
    private static readonly Lazy<Functions> Made = new(Make);

    /// <summary>Whether this process can use them.</summary>
    public static bool IsSupported => Made.Value.Fault is null;

    /// <summary>Why not, or null.</summary>
    public static string? Fault => Made.Value.Fault;

    /// <summary>QK of the first panel of a block.</summary>
    public static delegate* unmanaged[Cdecl, SuppressGCTransition]<PanelArguments*, void> FirstScores =>
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<PanelArguments*, void>)Made.Value.FirstScores!.Address;

    /// <summary>QK of the others.</summary>
    public static delegate* unmanaged[Cdecl, SuppressGCTransition]<PanelArguments*, void> LaterScores =>
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<PanelArguments*, void>)Made.Value.LaterScores!.Address;

    /// <summary>PV.</summary>
    public static delegate* unmanaged[Cdecl, SuppressGCTransition]<PanelArguments*, void> Output =>
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<PanelArguments*, void>)Made.Value.Output!.Address;

    // CPUID leaf 7: the instruction itself. That the system saves 512-bit registers is part of Isa512.IsSupported.
    private static bool ProcessorHasIt => X86Base.IsSupported && ((X86Base.CpuId(7, 0).Ecx >> 11) & 1) != 0;

    private static Functions Make()
    {
        if (EmittedCode.Refusal is { } refused)
        {
            return new Functions(null, null, null, refused);
        }

        if (!Isa512.IsSupported || !ProcessorHasIt)
        {
            return new Functions(null, null, null, "the processor or this process has no AVX512-VNNI");
        }

        try
        {
            bool isWindows = OperatingSystem.IsWindows();
            return new Functions(
                new ExecutableMemory(VnniPanel.Emit(PanelKind.FirstScores, isWindows)),
                new ExecutableMemory(VnniPanel.Emit(PanelKind.LaterScores, isWindows)),
                new ExecutableMemory(VnniPanel.Emit(PanelKind.Output, isWindows)), null);
        }
        catch (PlatformNotSupportedException refusal)
        {
            return new Functions(null, null, null, refusal.Message);
        }
    }

    private sealed record Functions(
        ExecutableMemory? FirstScores, ExecutableMemory? LaterScores, ExecutableMemory? Output, string? Fault);
}
