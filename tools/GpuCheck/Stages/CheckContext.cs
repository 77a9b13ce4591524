using GpuCheck.Probes;
using Tessera.Attention;
using Tessera.Cuda;
using Tessera.Cuda.Compilation;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Launch;

namespace GpuCheck.Stages;

/// <summary>What stages share: the device and how far they go.</summary>
internal sealed class CheckContext : IDisposable
{
    private CudaDevice? _device;

    public CheckContext(bool isQuick, string folder, string? cacheFolder)
    {
        IsQuick = isQuick;
        Folder = folder;
        CacheFolder = cacheFolder;
    }

    /// <summary>Sizes cut down so that an emulated device goes through every stage in seconds.</summary>
    public bool IsQuick { get; }

    /// <summary>Where reports go.</summary>
    public string Folder { get; }

    public string? CacheFolder { get; }

    /// <summary>The device, opened by the first stage that needs it, with the kernels of the library and the probes.</summary>
    /// <exception cref="BackendUnavailableException">There is none.</exception>
    public CudaDevice Device => _device ??= Open();

    /// <summary>The device, when a stage opened it.</summary>
    public CudaDevice? OpenedDevice => _device;

    /// <summary>A backend over the device: this program is what verifies kernels, so unverified ones run.</summary>
    public CudaBackend Backend() => new(Device, new CudaOptions { AllowUnverifiedKernels = true });

    /// <summary>What a kernel of the library is made from, as its hash has it, and by what.</summary>
    public (string Options, string Compiler) MadeOf(string kernel)
    {
        KernelModule module = KernelCatalogue.Modules.First(module => module.Kernels.Contains(kernel));
        int architecture = Device.Properties.Architecture;
        return Device.Builder.CompilerVersion > 0
            ? (string.Join(' ', NvrtcCompiler.OptionsFor(module, architecture)), CudaVersion.Text(Device.Builder.CompilerVersion))
            : ($"ptx {KernelPtx.Choose(module, architecture, KernelPtx.Architectures(module))}", "ptx");
    }

    /// <summary>Writes a file beside the reports.</summary>
    public void Keep(string folder, string name, byte[] content)
    {
        Directory.CreateDirectory(Path.Combine(Folder, folder));
        File.WriteAllBytes(Path.Combine(Folder, folder, name), content);
    }

    public void Dispose() => _device?.Dispose();

    private CudaDevice Open()
    {
        int architecture = CudaSystem.Examine().Devices is [var first, ..] ? first.Architecture : 0;
        Dictionary<string, Func<KernelSource>> own = [];
        List<KernelModule> modules = [.. KernelCatalogue.Modules];
        foreach (InstructionProbe probe in ProbeCatalogue.Kernels)
        {
            modules.Add(probe.ModuleFor(architecture));
            own.Add(probe.Kernel, () => ProbeSource.Load(probe.Source, probe.Kernel));
        }

        foreach (KernelModule module in Ceiling.Modules(architecture))
        {
            modules.Add(module);
            own.Add(module.Name, () => ProbeSource.Load(module.SourceFile));
        }

        return CudaDevice.Open(
            modules, new CudaDeviceOptions { CacheFolder = CacheFolder },
            module => own.TryGetValue(module.Name, out Func<KernelSource>? read) ? read() : KernelSource.Load(module));
    }
}
