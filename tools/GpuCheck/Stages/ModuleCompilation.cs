using System.Diagnostics;
using System.Text;
using GpuCheck.Reporting;
using Tessera.Cuda.Compilation;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Launch;

namespace GpuCheck.Stages;

/// <summary>
/// The library's modules compiled by NVRTC for the device, all at once, with the assembler's report. The code goes to the kernel cache, so
/// that nothing is compiled twice, neither for the report, which changes what is printed and not what is made, nor by a later visit.
/// </summary>
internal sealed class ModuleCompilation
{
    private const string ReportOption = "--ptxas-options=-v";

    private readonly CheckContext _context;
    private readonly NvrtcCompiler? _compiler;
    private readonly Dictionary<string, Task<(string Log, double Seconds)>> _tasks = [];

    public ModuleCompilation(CheckContext context)
    {
        _context = context;
        CudaDevice device = context.Device;
        _compiler = NvrtcCompiler.TryOpen(device.Properties.DriverVersion, out string? fault);
        Fault = fault;
        if (_compiler is null)
        {
            return;
        }

        foreach (KernelModule module in KernelCatalogue.Modules.Where(module => module.MinimumArchitecture <= device.Properties.Architecture))
        {
            _tasks.Add(module.Name, Task.Run(() => Compile(module)));
        }
    }

    /// <summary>
    /// The case that a stage begins with whose other cases need the library's kernels: compiling may take longer than any of them, and is
    /// no sign of a kernel that hangs.
    /// </summary>
    public static CheckCase Case(CheckContext context) => CheckCase.Of("kernels", () =>
    {
        ModuleCompilation compilation = new(context);
        if (compilation.Fault is { } absence)
        {
            return CheckRow.Skip("kernels", $"{absence}; the driver compiles the package's PTX");
        }

        double[] seconds = [.. compilation._tasks.Values.Select(static task => task.GetAwaiter().GetResult().Seconds)];
        return CheckRow.Figure("kernels", seconds.Max(), "s", $"{seconds.Length} modules compiled at once by NVRTC; 0 when an earlier stage did");
    }) with
    {
        Limit = TimeSpan.FromMinutes(5),
    };

    /// <summary>Why NVRTC compiles nothing here; null when it does.</summary>
    public string? Fault { get; }

    /// <summary>What NVRTC and the assembler printed of a module, and how long they took.</summary>
    /// <exception cref="KernelCompilationException">The module was refused.</exception>
    public (string Log, double Seconds) Of(KernelModule module) => _tasks[module.Name].GetAwaiter().GetResult();

    private (string Log, double Seconds) Compile(KernelModule module)
    {
        CudaDevice device = _context.Device;
        IReadOnlyList<string> options = NvrtcCompiler.OptionsFor(module, device.Properties.Architecture);
        KernelSource source = KernelSource.Load(module);
        string key = KernelCache.KeyOf(source, options, _compiler!.Version);
        string report = Path.Combine(_context.Folder, "ptxas", $"{module.Name}.{key[..16]}.log");
        if (File.Exists(report) && device.Cache?.Read(key) is not null)
        {
            // An earlier visit's.
            return (File.ReadAllText(report), 0);
        }

        long start = Stopwatch.GetTimestamp();
        CompiledKernels compiled;
        try
        {
            compiled = _compiler.Compile(source, [.. options, ReportOption]);
        }
        catch (KernelCompilationException refusal) when (refusal.Message.Contains("OPTION", StringComparison.Ordinal))
        {
            compiled = _compiler.Compile(source, options) with { Log = $"{ReportOption} was refused: {refusal.Log}" };
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        device.Cache?.Write(key, compiled.Cubin);
        _context.Keep("ptxas", Path.GetFileName(report), Encoding.UTF8.GetBytes(compiled.Log + "\n"));
        return (compiled.Log, seconds);
    }
}
