using Tessera.Cuda.Compilation;

namespace Tessera.Cuda.Driver;

/// <summary>Modules of a context, built and loaded when the first of their kernels is asked for.</summary>
internal sealed class LoadedKernels : IDisposable
{
    private readonly DriverContext _context;
    private readonly KernelBuilder _builder;
    private readonly Dictionary<string, KernelModule> _modules = [];
    private readonly Dictionary<string, LoadedKernel> _kernels = [];
    private readonly Dictionary<string, (DriverModule Loaded, KernelImage Image)> _loaded = [];
    private readonly Lock _gate = new();

    public LoadedKernels(DriverContext context, KernelBuilder builder, IEnumerable<KernelModule> modules)
    {
        _context = context;
        _builder = builder;
        foreach (KernelModule module in modules)
        {
            foreach (string kernel in module.Kernels)
            {
                _modules.Add(kernel, module);
            }
        }
    }

    /// <summary>Finds a kernel; builds its module when it is the first of it.</summary>
    /// <exception cref="ArgumentException">No module has a kernel of that name.</exception>
    public LoadedKernel Get(string kernel)
    {
        lock (_gate)
        {
            if (_kernels.TryGetValue(kernel, out LoadedKernel? known))
            {
                return known;
            }

            (DriverModule module, _) = Load(kernel);
            nint function = module.Function(kernel);
            LoadedKernel loaded = new(function, new KernelAttributes(
                Read(function, FunctionAttribute.Registers), Read(function, FunctionAttribute.LocalSizeBytes),
                Read(function, FunctionAttribute.SharedSizeBytes), Read(function, FunctionAttribute.MaximumThreadsPerBlock)));
            _kernels.Add(kernel, loaded);
            return loaded;
        }
    }

    /// <summary>What the code of a kernel was made from and by what; builds it when it is the first of its module.</summary>
    public KernelImage ImageOf(string kernel)
    {
        lock (_gate)
        {
            return Load(kernel).Image;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach ((DriverModule loaded, _) in _loaded.Values)
            {
                loaded.Dispose();
            }

            _loaded.Clear();
            _kernels.Clear();
        }
    }

    private static int Read(nint function, FunctionAttribute attribute)
    {
        DriverCalls.Require(DriverImports.FuncGetAttribute(out int value, attribute, function), "cuFuncGetAttribute", $"{attribute}");
        return value;
    }

    private (DriverModule Loaded, KernelImage Image) Load(string kernel)
    {
        if (!_modules.TryGetValue(kernel, out KernelModule? module))
        {
            throw new ArgumentException(
                $"Kernel '{kernel}' is unknown; wanted one of {string.Join(", ", _modules.Keys.Order(StringComparer.Ordinal))}.",
                nameof(kernel));
        }

        if (!_loaded.TryGetValue(module.Name, out (DriverModule, KernelImage) entry))
        {
            KernelImage image = _builder.Build(module);
            entry = (DriverModule.Load(_context, image.Bytes, module.Name), image);
            _loaded.Add(module.Name, entry);
        }

        return entry;
    }
}
