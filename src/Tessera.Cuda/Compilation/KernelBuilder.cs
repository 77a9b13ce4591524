using Tessera.Attention;
using Tessera.Cuda.Driver;

namespace Tessera.Cuda.Compilation;

/// <summary>
/// Makes code for one device: from the cache, else by NVRTC, else from the PTX of this package. The order is fixed and the origin is said;
/// a source that NVRTC refuses is an error and not a reason to take PTX.
/// </summary>
internal sealed class KernelBuilder
{
    private readonly NvrtcCompiler? _compiler;
    private readonly string? _compilerFault;
    private readonly KernelCache? _cache;
    private readonly int _architecture;
    private readonly int _driverVersion;
    private readonly Func<KernelModule, KernelSource> _read;

    /// <summary>A builder for a device.</summary>
    /// <param name="architecture">Compute capability times ten.</param>
    /// <param name="driverVersion">The driver's CUDA version.</param>
    /// <param name="cache">Where code is kept; null keeps none.</param>
    /// <param name="read">Reads the source of a module; null takes the resources of this package.</param>
    public KernelBuilder(int architecture, int driverVersion, KernelCache? cache, Func<KernelModule, KernelSource>? read = null)
    {
        _read = read ?? KernelSource.Load;
        _architecture = architecture;
        _driverVersion = driverVersion;
        _cache = cache;
        _compiler = NvrtcCompiler.TryOpen(driverVersion, out _compilerFault);
    }

    /// <summary>Version of the compiler in use, 1000 major + 10 minor; 0 without one.</summary>
    public int CompilerVersion => _compiler?.Version ?? 0;

    /// <summary>Why NVRTC is not used; null when it is.</summary>
    public string? CompilerFault => _compilerFault;

    /// <summary>Makes the code of a module.</summary>
    /// <exception cref="BackendUnavailableException">There is neither an NVRTC nor PTX for this device and driver.</exception>
    /// <exception cref="KernelCompilationException">NVRTC refused the source.</exception>
    public KernelImage Build(KernelModule module)
    {
        if (module.MinimumArchitecture > _architecture)
        {
            throw new BackendUnavailableException(
                $"Module {module.Name} needs sm_{module.MinimumArchitecture} or later; this device is sm_{_architecture}.");
        }

        if (module.IsArchitectureSpecific && module.MinimumArchitecture != _architecture)
        {
            throw new BackendUnavailableException(
                $"Module {module.Name} is for sm_{module.MinimumArchitecture}a alone; this device is sm_{_architecture}.");
        }

        KernelSource source = _read(module);
        return _compiler is null ? FromPtx(module, source) : FromSource(module, source, _compiler);
    }

    private KernelImage FromSource(KernelModule module, KernelSource source, NvrtcCompiler compiler)
    {
        IReadOnlyList<string> options = NvrtcCompiler.OptionsFor(module, _architecture);
        string fingerprint = source.Fingerprint(options);
        string origin = $"NVRTC {CudaVersion.Text(compiler.Version)}";
        string key = KernelCache.KeyOf(source, options, compiler.Version);
        if (_cache?.Read(key) is { } cached)
        {
            return new KernelImage(cached, $"{origin}, cached", fingerprint);
        }

        byte[] cubin = compiler.Compile(source, options).Cubin;
        _cache?.Write(key, cubin);
        return new KernelImage(cubin, origin, fingerprint);
    }

    private KernelImage FromPtx(KernelModule module, KernelSource source)
    {
        string without = $"Module {module.Name} cannot be built for sm_{_architecture}: {_compilerFault}";
        if (_driverVersion < CudaVersion.OldestPtxDriver)
        {
            throw new BackendUnavailableException(
                $"{without}; the package's PTX needs a driver of CUDA {CudaVersion.Text(CudaVersion.OldestPtxDriver)} or later, "
                    + $"this one is {CudaVersion.Text(_driverVersion)}.");
        }

        IReadOnlyList<string> available = KernelPtx.Architectures(module);
        string chosen = KernelPtx.Choose(module, _architecture, available)
            ?? throw new BackendUnavailableException(
                $"{without}; the package has PTX of it for {(available.Count == 0 ? "no architecture" : string.Join(", ", available))}.");
        return new KernelImage(
            KernelPtx.Read(module, chosen), $"PTX for {chosen}, compiled by the driver", source.Fingerprint([$"ptx {chosen}"]));
    }
}
