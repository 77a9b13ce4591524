using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Tessera.Cuda.Driver;

/// <summary>Turns codes of the driver into exceptions that say what to do.</summary>
internal static unsafe class DriverCalls
{
    /// <summary>Throws unless a call succeeded.</summary>
    /// <param name="status">Its code.</param>
    /// <param name="call">Its name, for the message.</param>
    /// <param name="context">What it was about; may be empty.</param>
    /// <exception cref="CudaException">It failed.</exception>
    public static void Require(DriverStatus status, string call, string context = "")
    {
        if (status != DriverStatus.Success)
        {
            Throw(status, call, context);
        }
    }

    /// <summary>Name of a code as the driver spells it.</summary>
    public static string NameOf(DriverStatus status)
    {
        try
        {
            return DriverImports.GetErrorName(status, out byte* name) == DriverStatus.Success && name is not null
                ? Marshal.PtrToStringUTF8((nint)name)!
                : $"code {(int)status}";
        }
        catch (EntryPointNotFoundException)
        {
            return $"code {(int)status}";
        }
    }

    /// <summary>Whether a code sticks: every later call of the process answers it, so it may be about an earlier kernel.</summary>
    public static bool LosesContext(DriverStatus status) => status is DriverStatus.IllegalAddress or DriverStatus.Assert
        or DriverStatus.HardwareStackError or DriverStatus.IllegalInstruction or DriverStatus.MisalignedAddress
        or DriverStatus.InvalidAddressSpace or DriverStatus.InvalidPc or DriverStatus.LaunchFailed;

    /// <summary>What a code means for someone who runs this package; empty where its name says it all.</summary>
    public static string RemedyOf(DriverStatus status) => status switch
    {
        DriverStatus.OutOfMemory => "the device has too little free memory; free some or use smaller batches",
        DriverStatus.StubLibrary => "the library is the toolkit's link-time stub, not a driver; put the driver's libcuda.so.1 first",
        DriverStatus.NoDevice => "the driver sees no GPU; check CUDA_VISIBLE_DEVICES and nvidia-smi",
        DriverStatus.InvalidDevice => "no device has that index",
        DriverStatus.InvalidImage or DriverStatus.NoBinaryForGpu => "the code was not made for this device; delete the kernel cache",
        DriverStatus.InvalidPtx => "the driver's compiler refused the PTX; its log says where",
        DriverStatus.UnsupportedPtxVersion => "the PTX is newer than the driver; update the driver or provide NVRTC of its CUDA version",
        DriverStatus.JitCompilerNotFound => "the driver's PTX compiler (libnvidia-ptxjitcompiler) is missing; provide NVRTC",
        DriverStatus.LaunchOutOfResources => "the kernel needs more registers or shared memory than the device has",
        DriverStatus.DeviceUnavailable => "another process has the GPU to itself (compute mode), or it is being reset",
        DriverStatus.EccUncorrectable => "the GPU's memory is damaged; see nvidia-smi -q -d ECC",
        DriverStatus.JitCompilationDisabled => "CUDA_DISABLE_PTX_JIT or CUDA_DISABLE_JIT is set; unset it or provide NVRTC",
        DriverStatus.SystemNotReady => "the driver is there and its services are not: on machines with NVSwitch start nvidia-fabricmanager",
        DriverStatus.StreamCaptureUnsupported => "the stream is being captured; run once before capturing, so that everything is sent",
        DriverStatus.ContextIsDestroyed => "the device was reset by someone in this process",
        _ when LosesContext(status) =>
            "a kernel failed, here or in an earlier call, and this process can use the GPU no more, PyTorch included: start it anew; "
                + "gpu-check's sanitizer stage finds the access",
        DriverStatus.LaunchTimeout => "the kernel ran longer than the system allows on a device with a display",
        DriverStatus.SystemDriverMismatch or DriverStatus.CompatNotSupported =>
            "kernel driver and user-mode library differ; reboot or align their versions",
        _ => "",
    };

    [DoesNotReturn]
    private static void Throw(DriverStatus status, string call, string context)
    {
        string remedy = RemedyOf(status);
        throw new CudaException(
            $"{call} failed with {NameOf(status)}{(context.Length > 0 ? $" ({context})" : "")}{(remedy.Length > 0 ? $": {remedy}" : "")}.",
            (int)status);
    }
}
