using System.Collections.Concurrent;
using Tessera.Attention;
using Tessera.Cuda.Compilation;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Planning;
using Tessera.Cuda.Verification;

namespace Tessera.Cuda;

/// <summary>
/// Attention on an NVIDIA GPU of compute capability 8.0 or later: block-sparse, INT8, bfloat16 and (sm_89) E4M3, any token order, any
/// length, heads of up to 128 channels. See docs/design/cuda-host.md.
/// </summary>
/// <remarks>
/// The device is opened when the first plan is asked about, and closed with the backend. Kernels that no run on hardware has verified as
/// they are now are refused unless <see cref="CudaOptions.AllowUnverifiedKernels"/> says otherwise.
/// </remarks>
public sealed class CudaBackend : IAttentionBackend, IDisposable
{
    private readonly Lazy<(ICudaDevice? Device, string? Fault)> _opening;
    private readonly ConcurrentDictionary<string, KernelVerification> _verifications = [];
    private readonly VerificationManifest _manifest;
    private readonly bool _ownsDevice;
    private bool _disposed;

    /// <summary>The backend over a GPU of this machine.</summary>
    /// <param name="options">Which device, and whether unverified kernels may run; null for the default.</param>
    public CudaBackend(CudaOptions? options = null)
    {
        Options = options ?? CudaOptions.Default;
        _manifest = VerificationManifest.Shared;
        _ownsDevice = true;
        _opening = new Lazy<(ICudaDevice?, string?)>(Open);
    }

    /// <summary>The backend over a device of the caller's, which stays the caller's.</summary>
    /// <param name="device">The device; it must launch the kernels of <see cref="Modules"/>.</param>
    /// <param name="options">Whether unverified kernels may run; null for the default.</param>
    public CudaBackend(ICudaDevice device, CudaOptions? options = null)
        : this(device, options, VerificationManifest.Shared)
    {
    }

    internal CudaBackend(ICudaDevice device, CudaOptions? options, VerificationManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(device);
        Options = options ?? CudaOptions.Default;
        _manifest = manifest;
        _opening = new Lazy<(ICudaDevice?, string?)>((device, null));
    }

    /// <summary>Modules of the kernels of this package.</summary>
    public static IReadOnlyList<KernelModule> Modules => KernelCatalogue.Modules;

    /// <summary>Options in force.</summary>
    public CudaOptions Options { get; }

    /// <inheritdoc/>
    public string Name => "cuda";

    /// <summary>The device; null where there is none.</summary>
    public ICudaDevice? Device => _opening.Value.Device;

    /// <inheritdoc/>
    public BackendSupport Supports(AttentionPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ObjectDisposedException.ThrowIf(_disposed, this);
        try
        {
            return FindFault(plan, out PlannedAttention? planned) is { } fault
                ? BackendSupport.No(fault)
                : BackendSupport.Yes($"{planned!.Attend} on {Device!.Properties.Name}, {StateOf(planned, plan)}");
        }
        catch (Exception exception) when (exception is BackendUnavailableException or CudaException)
        {
            // Without NVRTC the identity of a kernel is that of its PTX, which there may not be or which the driver may refuse.
            return BackendSupport.No(exception.Message.TrimEnd('.'));
        }
    }

    /// <summary>Validates the plan, sends its lists to the device, reserves what a run writes and builds the kernels.</summary>
    /// <exception cref="PlanMismatchException">The plan's parts do not fit together.</exception>
    /// <exception cref="BackendUnavailableException">The plan cannot run here; the message says why.</exception>
    /// <exception cref="CudaException">The device has too little memory, or the driver failed.</exception>
    public CudaAttentionKernel Compile(AttentionPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ObjectDisposedException.ThrowIf(_disposed, this);
        plan.Validate();
        if (FindFault(plan, out PlannedAttention? planned) is { } fault)
        {
            throw new BackendUnavailableException($"Plan '{plan.Name}' cannot run on the cuda backend: {fault}.");
        }

        foreach (string kernel in planned!.Kernels(plan.Recipe.SmoothKey))
        {
            _ = Device!.Describe(kernel);
        }

        return new CudaAttentionKernel(plan, planned, Device!);
    }

    /// <inheritdoc/>
    IAttentionKernel IAttentionBackend.Compile(AttentionPlan plan) => Compile(plan);

    /// <summary>Closes the device when it was opened here. Kernels must be gone by then.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            if (_ownsDevice && _opening.IsValueCreated)
            {
                _opening.Value.Device?.Dispose();
            }
        }
    }

    private (ICudaDevice? Device, string? Fault) Open()
    {
        try
        {
            return (CudaDevice.Open(Modules, Options.Device), null);
        }
        catch (Exception exception) when (exception is BackendUnavailableException or CudaException)
        {
            return (null, exception.Message.TrimEnd('.'));
        }
    }

    private string? FindFault(AttentionPlan plan, out PlannedAttention? planned)
    {
        planned = null;
        (ICudaDevice? device, string? absence) = _opening.Value;
        if (device is null)
        {
            return absence;
        }

        if (PlanTranslation.Translate(plan, device.Properties, out planned) is { } fault)
        {
            return fault;
        }

        if (Options.AllowUnverifiedKernels)
        {
            return null;
        }

        foreach (string kernel in planned!.Kernels(plan.Recipe.SmoothKey))
        {
            KernelVerification state = StateOf(kernel, device.Properties.Architecture);
            if (!state.IsVerified)
            {
                return $"kernel {kernel} is unverified on {device.Properties.ArchitectureName}: {state.Reason}; "
                    + "CudaOptions.AllowUnverifiedKernels (--allow-unverified-kernels) runs it all the same";
            }
        }

        return null;
    }

    private string StateOf(PlannedAttention planned, AttentionPlan plan)
    {
        int unverified = planned.Kernels(plan.Recipe.SmoothKey)
            .Count(kernel => !StateOf(kernel, Device!.Properties.Architecture).IsVerified);
        return unverified == 0 ? "verified on hardware" : $"{unverified} kernels unverified on hardware";
    }

    private KernelVerification StateOf(string kernel, int architecture) => _verifications.GetOrAdd(kernel, name =>
    {
        // What runs decides: the package's PTX, compiled by the driver, is other code than NVRTC's.
        string hash = Device is CudaDevice { Builder.CompilerVersion: 0 } device
            ? device.ImageOf(name).Fingerprint
            : VerificationManifest.HashOf(KernelCatalogue.Modules.First(module => module.Kernels.Contains(name)), architecture);
        return _manifest.StateOf(name, hash);
    });
}
