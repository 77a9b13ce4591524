namespace Tessera.Backends.Cpu;

/// <summary>Vector width of the CPU kernels. All widths run the same loops.</summary>
public enum CpuInstructionSet
{
    /// <summary>The widest that the process may use.</summary>
    Auto = 0,

    /// <summary>AVX-512 F and BW.</summary>
    Vector512,

    /// <summary>AVX2 and FMA.</summary>
    Vector256,

    /// <summary>128 bits in portable operations; runs everywhere, without any hardware support too.</summary>
    Vector128,
}
