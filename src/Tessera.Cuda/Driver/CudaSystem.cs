using System.Text;
using Tessera.Cuda.Compilation;

namespace Tessera.Cuda.Driver;

/// <summary>What this machine offers: driver, devices and run-time compiler, each with the reason where there is none.</summary>
public sealed record CudaSystem
{
    private const int NameBytes = 256;

    /// <summary>File of the driver; null when it did not load.</summary>
    public string? DriverFile { get; internal init; }

    /// <summary>CUDA version of the driver, 1000 major + 10 minor; 0 when there is none.</summary>
    public int DriverVersion { get; internal init; }

    /// <summary>Why no device can be used; null when there is one.</summary>
    public string? Fault { get; internal init; }

    /// <summary>Devices in the driver's order.</summary>
    public IReadOnlyList<CudaDeviceProperties> Devices { get; internal init; } = [];

    /// <summary>File of NVRTC; null when it did not load.</summary>
    public string? NvrtcFile { get; internal init; }

    /// <summary>Version of NVRTC, 1000 major + 10 minor; 0 when it cannot be used.</summary>
    public int NvrtcVersion { get; internal init; }

    /// <summary>Why NVRTC cannot be used; null when it can.</summary>
    public string? NvrtcFault { get; internal init; }

    /// <summary>Lowest compute capability times ten that any kernel of this package runs on.</summary>
    public const int OldestArchitecture = 80;

    /// <summary>Looks at the machine; changes nothing and throws nothing.</summary>
    public static CudaSystem Examine()
    {
        NativeLibraryState driver = NativeLibraries.Driver;
        CudaSystem system = new() { DriverFile = driver.File, Fault = driver.Fault };
        if (driver.IsLoaded)
        {
            system = ExamineDriver(system);
        }

        NvrtcCompiler? compiler = NvrtcCompiler.TryOpen(system.DriverVersion, out string? fault);
        return system with { NvrtcFile = NativeLibraries.Nvrtc.File, NvrtcVersion = compiler?.Version ?? 0, NvrtcFault = fault };
    }

    /// <summary>Why a device cannot be used, or null.</summary>
    internal static string? FaultOf(CudaDeviceProperties device) => device.Architecture < OldestArchitecture
        ? $"{device.Name} is {device.ArchitectureName}; the kernels need sm_{OldestArchitecture} (Ampere) or later"
        : null;

    /// <summary>Initialises the driver and answers its version, or the reason why not.</summary>
    internal static string? Initialize(out int version)
    {
        version = 0;
        try
        {
            DriverStatus status = DriverImports.DriverGetVersion(out version);
            if (status != DriverStatus.Success)
            {
                return Explain("cuDriverGetVersion", status);
            }

            if (version < CudaVersion.OldestDriver)
            {
                return $"the driver supports CUDA {CudaVersion.Text(version)}; wanted "
                    + $"{CudaVersion.Text(CudaVersion.OldestDriver)} or later: update the NVIDIA driver";
            }

            status = DriverImports.Init(0);
            return status == DriverStatus.Success ? null : Explain("cuInit", status);
        }
        catch (EntryPointNotFoundException missing)
        {
            return $"{NativeLibraries.Driver.File} is no CUDA driver or too old: {missing.Message}";
        }
    }

    /// <summary>Properties of a device.</summary>
    internal static unsafe CudaDeviceProperties Describe(int ordinal, int driverVersion)
    {
        DriverCalls.Require(DriverImports.DeviceGet(out int device, ordinal), "cuDeviceGet", $"ordinal {ordinal}");
        byte* name = stackalloc byte[NameBytes];
        DriverCalls.Require(DriverImports.DeviceGetName(name, NameBytes, device), "cuDeviceGetName");
        DriverCalls.Require(DriverImports.DeviceTotalMem(out nuint memory, device), "cuDeviceTotalMem");
        int Attribute(DeviceAttribute attribute)
        {
            DriverCalls.Require(DriverImports.DeviceGetAttribute(out int value, attribute, device), "cuDeviceGetAttribute", $"{attribute}");
            return value;
        }

        ReadOnlySpan<byte> text = new(name, NameBytes);
        return new CudaDeviceProperties
        {
            Name = Encoding.UTF8.GetString(text[..Math.Max(0, text.IndexOf((byte)0))]),
            Ordinal = ordinal,
            Architecture =
                (10 * Attribute(DeviceAttribute.ComputeCapabilityMajor)) + Attribute(DeviceAttribute.ComputeCapabilityMinor),
            Multiprocessors = Attribute(DeviceAttribute.MultiprocessorCount),
            SharedBytesPerBlock = Attribute(DeviceAttribute.SharedMemoryPerBlockOptIn),
            SharedBytesPerMultiprocessor = Attribute(DeviceAttribute.SharedMemoryPerMultiprocessor),
            RegistersPerMultiprocessor = Attribute(DeviceAttribute.RegistersPerMultiprocessor),
            CacheBytes = Attribute(DeviceAttribute.L2CacheSize),
            MemoryBytes = (long)memory,
            ClockKilohertz =
                DriverImports.DeviceGetAttribute(out int clock, DeviceAttribute.ClockRate, device) == DriverStatus.Success ? clock : 0,
            DriverVersion = driverVersion,
        };
    }

    private static CudaSystem ExamineDriver(CudaSystem system)
    {
        string? fault = Initialize(out int version);
        system = system with { DriverVersion = version, Fault = fault };
        if (fault is not null)
        {
            return system;
        }

        try
        {
            DriverStatus status = DriverImports.DeviceGetCount(out int count);
            if (status != DriverStatus.Success || count == 0)
            {
                return system with
                {
                    Fault = Explain("cuDeviceGetCount", status == DriverStatus.Success ? DriverStatus.NoDevice : status),
                };
            }

            CudaDeviceProperties[] devices = new CudaDeviceProperties[count];
            for (int i = 0; i < count; i++)
            {
                devices[i] = Describe(i, version);
            }

            return system with
            {
                Devices = devices,
                Fault = devices.All(static device => FaultOf(device) is not null) ? FaultOf(devices[0]) : null,
            };
        }
        catch (Exception exception) when (exception is CudaException or EntryPointNotFoundException)
        {
            return system with { Fault = exception.Message };
        }
    }

    private static string Explain(string call, DriverStatus status)
    {
        string remedy = DriverCalls.RemedyOf(status);
        return $"{call} answers {DriverCalls.NameOf(status)}{(remedy.Length > 0 ? $": {remedy}" : "")}";
    }
}
