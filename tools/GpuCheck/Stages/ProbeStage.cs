using GpuCheck.Reporting;
using Tessera.Attention;
using Tessera.Cuda.Compilation;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Memory;

namespace GpuCheck.Stages;

/// <summary>
/// What is there: libraries, versions, the device; whether each module compiles, from source and from the package's PTX; registers and
/// spills of each kernel; how fast memory is copied.
/// </summary>
internal sealed class ProbeStage : IStage
{
    public string Name => "probe";

    public string Purpose => "libraries, device, every kernel compiled, copy bandwidth";

    public IEnumerable<CheckRow> Run(CheckContext context)
    {
        CudaSystem system = CudaSystem.Examine();
        yield return CheckRow.Holds(
            "CUDA driver", system.Fault is null, system.Fault ?? $"{system.DriverFile}, CUDA {CudaVersion.Text(system.DriverVersion)}");
        yield return system.NvrtcFault is { } absence
            ? CheckRow.Skip("NVRTC", absence)
            : CheckRow.Holds("NVRTC", true, $"{system.NvrtcFile}, {CudaVersion.Text(system.NvrtcVersion)}");
        if (system.Fault is not null)
        {
            yield break;
        }

        CudaDevice device = context.Device;
        CudaDeviceProperties properties = device.Properties;
        yield return CheckRow.Figure("multiprocessors", properties.Multiprocessors, "", $"{properties.Name}, {properties.ArchitectureName}");
        yield return CheckRow.Figure("clock", properties.ClockKilohertz / 1000.0, "MHz", "highest core clock");
        yield return CheckRow.Figure("device memory", properties.MemoryBytes / (double)(1L << 30), "GiB");
        yield return CheckRow.Figure("second-level cache", properties.CacheBytes / (double)(1 << 20), "MiB");
        yield return CheckRow.Figure("shared memory a block", properties.SharedBytesPerBlock / 1024.0, "KiB");
        foreach (KernelModule module in KernelCatalogue.Modules)
        {
            foreach (CheckRow row in Compile(device, module))
            {
                yield return row;
            }
        }

        yield return Copy(context);
    }

    /// <summary>Bytes a second that a copy within device memory reads and writes.</summary>
    public static CheckRow Copy(CheckContext context)
    {
        CudaDevice device = context.Device;
        long bytes = context.IsQuick ? 1 << 20 : 2L << 30;
        using DeviceMemory memory = DeviceMemory.Allocate(device, 2 * bytes);
        double[] seconds = new Stopwatches(device, context.IsQuick).Run(
            stream => device.CopyOnDevice(memory.Pointer + bytes, memory.Pointer, bytes, stream));
        return CheckRow.Figure("copy", 2 * bytes / Stopwatches.Median(seconds) / 1e12, "TB/s", $"{bytes} bytes read and written");
    }

    private static IEnumerable<CheckRow> Compile(CudaDevice device, KernelModule module)
    {
        if (module.MinimumArchitecture > device.Properties.Architecture)
        {
            yield return CheckRow.Skip(module.Name, $"needs sm_{module.MinimumArchitecture}, this is {device.Properties.ArchitectureName}");
            yield break;
        }

        foreach (string kernel in module.Kernels)
        {
            yield return Describe(device, kernel);
        }

        yield return LoadPtx(device, module);
    }

    private static CheckRow Describe(CudaDevice device, string kernel)
    {
        try
        {
            KernelAttributes attributes = device.Describe(kernel);
            return CheckRow.AtMost(
                kernel, attributes.LocalBytes, 0, "bytes spilled", $"{attributes.Registers} registers, {device.ImageOf(kernel).Origin}");
        }
        catch (Exception fault) when (fault is CudaException or KernelCompilationException or BackendUnavailableException)
        {
            return CheckRow.Broken(kernel, fault);
        }
    }

    private static CheckRow LoadPtx(CudaDevice device, KernelModule module)
    {
        string name = $"{module.Name}, PTX of the package";
        string? architecture = KernelPtx.Choose(module, device.Properties.Architecture, KernelPtx.Architectures(module));
        if (architecture is null)
        {
            return CheckRow.Skip(name, $"the package has PTX for {string.Join(", ", KernelPtx.Architectures(module))}");
        }

        try
        {
            device.TryLoad(KernelPtx.Read(module, architecture), module.Name);
            return CheckRow.Holds(name, true, $"{architecture}, compiled by the driver");
        }
        catch (CudaException fault)
        {
            return CheckRow.Broken(name, fault);
        }
    }
}
