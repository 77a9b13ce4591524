using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Backends.Reference;
using Tessera.Cuda;

namespace Tessera.Cli.Running;

/// <summary>The backends of this build in order of preference.</summary>
internal sealed class BackendCatalogue
{
    private readonly CpuBackend _cpu;

    /// <summary>Makes the backends.</summary>
    /// <param name="threads">Threads of the cpu backend; 0 for every core.</param>
    /// <param name="allowsUnverifiedKernels">Whether the cuda backend may run kernels that no run on hardware has verified.</param>
    public BackendCatalogue(int threads, bool allowsUnverifiedKernels = false)
    {
        _cpu = new CpuBackend(new CpuOptions { Threads = threads });
        MapReader = new CpuMapReader(_cpu.Options);
        CudaBackend cuda = new(new CudaOptions { AllowUnverifiedKernels = allowsUnverifiedKernels });
        Selector = new BackendSelector([cuda, _cpu, ReferenceBackend.Shared]);
    }

    /// <summary>Names that can be asked for.</summary>
    public static IReadOnlyList<string> Names { get; } = [BackendSelector.Auto, "cpu", "reference", "cuda"];

    /// <summary>Threads of the cpu backend.</summary>
    public int Threads => _cpu.Options.EffectiveThreads;

    public IAttentionBackend Cpu => _cpu;

    public BackendSelector Selector { get; }

    /// <summary>Predicts times of the cpu backend; constants are measured once a machine and kept in the user's cache folder.</summary>
    public CpuCostModel OpenCostModel() => CpuCostModel.ForThisMachine(_cpu.Options);

    /// <summary>For methods and reports that look at attention maps.</summary>
    public IAttentionMapReader MapReader { get; }

    /// <summary>Float32 multiply-add peak of the cpu backend's threads, in 1e9 operations a second.</summary>
    public double MeasurePeak() => CpuPeak.Measure(_cpu.Options).AllThreads;
}
