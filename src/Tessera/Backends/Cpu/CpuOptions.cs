using Tessera.Attention;
using Tessera.Backends.Cpu.Emitted;
using Tessera.Backends.Cpu.Isa;

namespace Tessera.Backends.Cpu;

/// <summary>
/// How the CPU backend uses the machine. Results do not depend on <see cref="Threads"/>; they differ in rounding between instruction sets.
/// </summary>
public sealed record CpuOptions
{
    // Below this nobody misses the memory, and groups of heads cost a wait each.
    private const long SmallTensors = 64 << 20;

    /// <summary>Everything the machine has.</summary>
    public static CpuOptions Default { get; } = new();

    /// <summary>Threads that compute; 0 means one per processor.</summary>
    public int Threads { get; init; }

    /// <summary>Vector width; Auto takes the widest.</summary>
    public CpuInstructionSet InstructionSet { get; init; }

    /// <summary>
    /// Whether the VNNI dot product may be used where the processor has it; false makes 8-bit recipes take the wider multiply.
    /// </summary>
    public bool UseVnni { get; init; } = true;

    /// <summary>
    /// Whether machine code may be written at run time for instructions that .NET does not expose: the 512-bit VNNI dot product, twice to
    /// four times as fast as what .NET has. Where the system forbids executable memory, or the <see cref="AppContext"/> switch
    /// <c>Tessera.AllowEmittedCode</c> is false, intrinsics are used whatever this says; results are the same bit for bit.
    /// </summary>
    public bool AllowEmittedCode { get; init; } = true;

    /// <summary>
    /// Bytes of packed K and V held at once. Where inputs and output together exceed 64 MiB, packed operands also stay below a sixteenth of
    /// them or 12 MiB, whichever is more. Heads are attended in groups that fit; a head that does not fit, or that exceeds what stays in a
    /// third-level cache, is attended in ranges of keys.
    /// </summary>
    public long PackedMemoryLimit { get; init; } = 256L << 20;

    /// <summary>The limit in force for a shape.</summary>
    internal long PackedLimitOf(AttentionShape shape)
    {
        long tokens = 2L * ((long)shape.QueryLength + shape.KeyLength);
        long tensors = tokens * shape.Batch * shape.Heads * shape.HeadDim * sizeof(float);
        return tensors <= SmallTensors ? PackedMemoryLimit : Math.Min(PackedMemoryLimit, Math.Max(12 << 20, tensors / 16));
    }

    /// <summary>Why this process cannot use emitted code, or null where it can.</summary>
    public static string? EmittedCodeFault => EmittedVnni.Fault;

    /// <summary>The thread count in force.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="Threads"/> is negative.</exception>
    public int EffectiveThreads
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(Threads);
            return Threads > 0 ? Threads : Environment.ProcessorCount;
        }
    }

    /// <summary>The instruction set in force.</summary>
    /// <exception cref="PlatformNotSupportedException">The set that was asked for is not available in this process.</exception>
    public CpuInstructionSet EffectiveInstructionSet => InstructionSet switch
    {
        CpuInstructionSet.Auto => Isa512.IsSupported
            ? CpuInstructionSet.Vector512
            : Isa256.IsSupported ? CpuInstructionSet.Vector256 : CpuInstructionSet.Vector128,
        CpuInstructionSet.Vector512 when !Isa512.IsSupported =>
            throw new PlatformNotSupportedException("This process has no AVX-512 (F and BW); use CpuInstructionSet.Auto."),
        CpuInstructionSet.Vector256 when !Isa256.IsSupported =>
            throw new PlatformNotSupportedException("This process has no AVX2 with FMA; use CpuInstructionSet.Auto."),
        _ => InstructionSet,
    };

    /// <summary>Whether the VNNI dot product will be used.</summary>
    public bool EffectiveVnni => EffectiveEmittedVnni
        || (UseVnni && VnniProduct.IsSupported && EffectiveInstructionSet != CpuInstructionSet.Vector128);

    /// <summary>Whether it will be used with 512 bits, in machine code written at run time.</summary>
    public bool EffectiveEmittedVnni =>
        UseVnni && AllowEmittedCode && EffectiveInstructionSet == CpuInstructionSet.Vector512 && EmittedVnni.IsSupported;
}
