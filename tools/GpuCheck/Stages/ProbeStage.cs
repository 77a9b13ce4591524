using GpuCheck.Probes;
using GpuCheck.Reporting;
using Tessera.Attention;
using Tessera.Cuda.Compilation;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Memory;

namespace GpuCheck.Stages;

/// <summary>
/// What is there: libraries, versions, the device; a first kernel; whether each module compiles, from source and from the package's PTX;
/// registers and spills of each kernel, by the assembler and by the driver; how fast memory is copied.
/// </summary>
internal sealed class ProbeStage : IStage
{
    private ModuleCompilation? _compilation;

    public string Name => "probe";

    public string Purpose => "libraries, device, every kernel compiled, copy bandwidth";

    public TimeSpan Budget => TimeSpan.FromMinutes(4);

    // A missing driver is a finding.
    public bool NeedsDevice => false;

    public IEnumerable<CheckCase> Cases(CheckContext context)
    {
        yield return new CheckCase("system", () => Examine(context));
        if (CudaSystem.Examine().Fault is not null)
        {
            yield break;
        }

        yield return CheckCase.Of("axpy", () => Axpy(context));
        foreach (KernelModule module in KernelCatalogue.Modules)
        {
            yield return new CheckCase(module.Name, () => Compile(context, module)) { Limit = TimeSpan.FromMinutes(3) };
        }

        yield return CheckCase.Of("copy", () => Copy(context));
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

    private static IEnumerable<CheckRow> Examine(CheckContext context)
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

        CudaDeviceProperties properties = context.Device.Properties;
        yield return CheckRow.Figure("multiprocessors", properties.Multiprocessors, "", $"{properties.Name}, {properties.ArchitectureName}");
        yield return CheckRow.Figure("clock", properties.ClockKilohertz / 1000.0, "MHz", "highest core clock");
        yield return CheckRow.Figure("device memory", properties.MemoryBytes / (double)(1L << 30), "GiB");
        yield return CheckRow.Figure("second-level cache", properties.CacheBytes / (double)(1 << 20), "MiB");
        yield return CheckRow.Figure("shared memory a block", properties.SharedBytesPerBlock / 1024.0, "KiB");
    }

    private static CheckRow Axpy(CheckContext context)
    {
        if (context.Device.Builder.CompilerFault is { } absence)
        {
            return CheckRow.Skip("axpy", absence);
        }

        ProbeRun run = ProbeRun.Of(context.Device, WarpProbes.Axpy, WarpProbes.Axpy.Data());
        return CheckRow.AtMost("axpy", run.Wrong, 0, "words differ", $"{run.Words} words; the first kernel of all {run.First}");
    }

    private IEnumerable<CheckRow> Compile(CheckContext context, KernelModule module)
    {
        CudaDevice device = context.Device;
        if (module.MinimumArchitecture > device.Properties.Architecture)
        {
            yield return CheckRow.Skip(module.Name, $"needs sm_{module.MinimumArchitecture}, this is {device.Properties.ArchitectureName}");
            yield break;
        }

        _compilation ??= new ModuleCompilation(context);
        IReadOnlyDictionary<string, string> assembler = new Dictionary<string, string>();
        if (_compilation.Fault is null)
        {
            (string log, double seconds) = _compilation.Of(module);
            assembler = AssemblerReport.Of(log);
            string report = assembler.Count > 0 ? $"the assembler's report of {assembler.Count} kernels" : "the assembler's report is not offered";
            yield return CheckRow.Figure($"{module.Name}, NVRTC", seconds, "s", seconds > 0 ? report : $"{report}; compiled earlier");
        }

        foreach (string kernel in module.Kernels)
        {
            yield return Describe(device, kernel, assembler.GetValueOrDefault(kernel, ""));
        }

        KernelImage image = device.ImageOf(module.Kernels[0]);
        context.Keep("cubins", $"{module.Name}.{device.Properties.ArchitectureName}.cubin", image.Bytes);
        yield return LoadPtx(device, module);
    }

    private static CheckRow Describe(CudaDevice device, string kernel, string assembler)
    {
        try
        {
            KernelAttributes attributes = device.Describe(kernel);
            string said = assembler.Length > 0 ? $"; ptxas: {assembler}" : "";
            return CheckRow.AtMost(
                kernel, attributes.LocalBytes, 0, "bytes spilled", $"{attributes.Registers} registers, {device.ImageOf(kernel).Origin}{said}");
        }
        catch (Exception fault) when (fault is KernelCompilationException or BackendUnavailableException)
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
