namespace Tessera.Cuda.Driver;

/// <summary>What a device is and what it offers to a kernel.</summary>
public sealed record CudaDeviceProperties
{
    /// <summary>Marketing name, for example <c>NVIDIA H200</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Index among the devices the driver shows.</summary>
    public int Ordinal { get; init; }

    /// <summary>Compute capability times ten: 80 for sm_80, 90 for sm_90.</summary>
    public required int Architecture { get; init; }

    /// <summary>Streaming multiprocessors.</summary>
    public required int Multiprocessors { get; init; }

    /// <summary>Dynamic shared memory that one block may opt in to, in bytes.</summary>
    public required int SharedBytesPerBlock { get; init; }

    /// <summary>Shared memory of a multiprocessor, in bytes.</summary>
    public int SharedBytesPerMultiprocessor { get; init; }

    /// <summary>32-bit registers of a multiprocessor.</summary>
    public int RegistersPerMultiprocessor { get; init; }

    /// <summary>Second-level cache, in bytes.</summary>
    public long CacheBytes { get; init; }

    /// <summary>Device memory, in bytes.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Highest core clock in kHz; 0 when the driver does not say.</summary>
    public int ClockKilohertz { get; init; }

    /// <summary>CUDA version of the driver, 1000 major + 10 minor; 0 when there is none (the emulator).</summary>
    public int DriverVersion { get; init; }

    /// <summary>Architecture as the compiler spells it, for example <c>sm_90</c>.</summary>
    public string ArchitectureName => FormattableString.Invariant($"sm_{Architecture}");
}
