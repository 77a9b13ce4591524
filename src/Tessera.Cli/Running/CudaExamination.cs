using System.Globalization;
using Tessera.Cli.Output;
using Tessera.Cuda.Compilation;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Verification;

namespace Tessera.Cli.Running;

/// <summary>What doctor says of CUDA: libraries, devices, cache, and which kernels hardware has verified.</summary>
/// <param name="system">Driver, devices and NVRTC.</param>
/// <param name="cache">The kernel cache.</param>
/// <param name="manifest">Which kernels are verified.</param>
internal sealed class CudaExamination(CudaSystem system, KernelCache cache, VerificationManifest manifest)
{
    // What most of these kernels are written for; without a device something must be assumed.
    private const int AssumedArchitecture = 90;

    private readonly int _architecture = system.Devices.Count > 0 ? system.Devices[0].Architecture : AssumedArchitecture;

    /// <summary>Looks at this machine.</summary>
    public static CudaExamination OfThisMachine() =>
        new(CudaSystem.Examine(), new KernelCache(CudaDeviceOptions.DefaultCacheFolder), VerificationManifest.Shared);

    /// <summary>State of every kernel.</summary>
    public IReadOnlyList<DoctorKernel> Kernels() =>
        [.. manifest.Examine(_architecture).Select(static state => new DoctorKernel(state.Kernel, state.IsVerified, state.Reason))];

    /// <summary>The lines of the table.</summary>
    public IEnumerable<DoctorCheck> Checks()
    {
        yield return system.DriverVersion > 0 && (system.Fault is null || system.Devices.Count > 0)
            ? new DoctorCheck("CUDA driver", true, $"{system.DriverFile}, CUDA {CudaVersion.Text(system.DriverVersion)}")
            : new DoctorCheck("CUDA driver", false, system.Fault!);
        foreach (CudaDeviceProperties device in system.Devices)
        {
            yield return Describe(device);
        }

        yield return system.NvrtcFault is { } fault
            ? new DoctorCheck("NVRTC", false, $"{fault}; the driver compiles the package's PTX instead ({PtxArchitectures()})")
            : new DoctorCheck("NVRTC", true, $"{system.NvrtcFile}, {CudaVersion.Text(system.NvrtcVersion)}");
        yield return DescribeCache();
        IReadOnlyList<KernelVerification> kernels = manifest.Examine(_architecture);
        int verified = kernels.Count(static kernel => kernel.IsVerified);
        string others = verified == kernels.Count ? "" : "; the others run with --backend cuda --allow-unverified-kernels only";
        yield return new DoctorCheck(
            "Verified kernels", verified == kernels.Count, $"{verified} of {kernels.Count} for sm_{_architecture}{others}");
        yield return system.Fault is { } absence
            ? new DoctorCheck("cuda backend", false, absence)
            : new DoctorCheck("cuda backend", true, $"{system.Devices[0].Name}, {(system.NvrtcFault is null ? "NVRTC" : "PTX")}");
    }

    private static DoctorCheck Describe(CudaDeviceProperties device)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"GPU {device.Ordinal}");
        return CudaSystem.FaultOf(device) is { } fault
            ? new DoctorCheck(name, false, fault)
            : new DoctorCheck(name, true, string.Create(
                CultureInfo.InvariantCulture,
                $"{device.Name}, {device.ArchitectureName}, {device.Multiprocessors} multiprocessors, "
                    + $"{device.MemoryBytes / (double)(1L << 30):0.0} GiB, "
                    + $"{device.SharedBytesPerBlock / 1024} KiB of shared memory a block"));
    }

    private static string PtxArchitectures()
    {
        string[] known = [.. KernelCatalogue.Modules.SelectMany(KernelPtx.Architectures).Distinct().Order(StringComparer.Ordinal)];
        return known.Length == 0 ? "this build carries none" : string.Join(", ", known);
    }

    private DoctorCheck DescribeCache()
    {
        (int files, long bytes, IReadOnlyList<CacheDamage> damaged) = cache.Examine();
        string size = string.Create(CultureInfo.InvariantCulture, $"{files} files, {bytes / (double)(1 << 20):0.0} MiB in {cache.Folder}");
        return damaged.Count == 0
            ? new DoctorCheck("Kernel cache", true, size)
            : new DoctorCheck(
                "Kernel cache", false,
                $"{size}; {damaged.Count} damaged, compiled anew when next needed: {damaged[0].Path}: {damaged[0].Reason}");
    }
}
