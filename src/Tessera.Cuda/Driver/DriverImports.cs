using System.Runtime.InteropServices;

namespace Tessera.Cuda.Driver;

/// <summary>
/// The driver API, by the entry points that CUDA 12 and 13 share (those with a later version carry its suffix). Sizes are size_t, device
/// pointers 64 bits, handles pointers. <see cref="DriverCalls"/> turns codes into exceptions; nothing else calls these.
/// </summary>
internal static unsafe partial class DriverImports
{
    private const string Library = NativeLibraries.DriverImport;

    static DriverImports() => NativeLibraries.Install();

    [LibraryImport(Library, EntryPoint = "cuInit")]
    public static partial DriverStatus Init(uint flags);

    [LibraryImport(Library, EntryPoint = "cuDriverGetVersion")]
    public static partial DriverStatus DriverGetVersion(out int version);

    [LibraryImport(Library, EntryPoint = "cuGetErrorName")]
    public static partial DriverStatus GetErrorName(DriverStatus error, out byte* name);

    [LibraryImport(Library, EntryPoint = "cuDeviceGetCount")]
    public static partial DriverStatus DeviceGetCount(out int count);

    [LibraryImport(Library, EntryPoint = "cuDeviceGet")]
    public static partial DriverStatus DeviceGet(out int device, int ordinal);

    [LibraryImport(Library, EntryPoint = "cuDeviceGetName")]
    public static partial DriverStatus DeviceGetName(byte* name, int length, int device);

    [LibraryImport(Library, EntryPoint = "cuDeviceTotalMem_v2")]
    public static partial DriverStatus DeviceTotalMem(out nuint bytes, int device);

    [LibraryImport(Library, EntryPoint = "cuDeviceGetAttribute")]
    public static partial DriverStatus DeviceGetAttribute(out int value, DeviceAttribute attribute, int device);

    [LibraryImport(Library, EntryPoint = "cuDevicePrimaryCtxRetain")]
    public static partial DriverStatus DevicePrimaryCtxRetain(out nint context, int device);

    [LibraryImport(Library, EntryPoint = "cuDevicePrimaryCtxRelease_v2")]
    public static partial DriverStatus DevicePrimaryCtxRelease(int device);

    [LibraryImport(Library, EntryPoint = "cuCtxSetCurrent")]
    public static partial DriverStatus CtxSetCurrent(nint context);

    [LibraryImport(Library, EntryPoint = "cuCtxGetCurrent")]
    public static partial DriverStatus CtxGetCurrent(out nint context);

    [LibraryImport(Library, EntryPoint = "cuCtxSynchronize")]
    public static partial DriverStatus CtxSynchronize();

    [LibraryImport(Library, EntryPoint = "cuModuleLoadDataEx")]
    public static partial DriverStatus ModuleLoadDataEx(out nint module, void* image, uint options, JitOption* keys, void** values);

    [LibraryImport(Library, EntryPoint = "cuModuleUnload")]
    public static partial DriverStatus ModuleUnload(nint module);

    [LibraryImport(Library, EntryPoint = "cuModuleGetFunction", StringMarshalling = StringMarshalling.Utf8)]
    public static partial DriverStatus ModuleGetFunction(out nint function, nint module, string name);

    [LibraryImport(Library, EntryPoint = "cuModuleGetGlobal_v2", StringMarshalling = StringMarshalling.Utf8)]
    public static partial DriverStatus ModuleGetGlobal(out ulong pointer, out nuint bytes, nint module, string name);

    [LibraryImport(Library, EntryPoint = "cuFuncGetAttribute")]
    public static partial DriverStatus FuncGetAttribute(out int value, FunctionAttribute attribute, nint function);

    [LibraryImport(Library, EntryPoint = "cuFuncSetAttribute")]
    public static partial DriverStatus FuncSetAttribute(nint function, FunctionAttribute attribute, int value);

    [LibraryImport(Library, EntryPoint = "cuMemAlloc_v2")]
    public static partial DriverStatus MemAlloc(out ulong pointer, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cuMemFree_v2")]
    public static partial DriverStatus MemFree(ulong pointer);

    [LibraryImport(Library, EntryPoint = "cuMemGetInfo_v2")]
    public static partial DriverStatus MemGetInfo(out nuint free, out nuint total);

    [LibraryImport(Library, EntryPoint = "cuMemcpyHtoDAsync_v2")]
    public static partial DriverStatus MemcpyHtoDAsync(ulong destination, void* source, nuint bytes, nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemcpyDtoHAsync_v2")]
    public static partial DriverStatus MemcpyDtoHAsync(void* destination, ulong source, nuint bytes, nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemcpyDtoDAsync_v2")]
    public static partial DriverStatus MemcpyDtoDAsync(ulong destination, ulong source, nuint bytes, nint stream);

    [LibraryImport(Library, EntryPoint = "cuMemsetD8Async")]
    public static partial DriverStatus MemsetD8Async(ulong destination, byte value, nuint bytes, nint stream);

    [LibraryImport(Library, EntryPoint = "cuLaunchKernel")]
    public static partial DriverStatus LaunchKernel(
        nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ, uint sharedBytes, nint stream,
        void** parameters, void** extra);

    [LibraryImport(Library, EntryPoint = "cuStreamCreate")]
    public static partial DriverStatus StreamCreate(out nint stream, uint flags);

    [LibraryImport(Library, EntryPoint = "cuStreamDestroy_v2")]
    public static partial DriverStatus StreamDestroy(nint stream);

    [LibraryImport(Library, EntryPoint = "cuStreamSynchronize")]
    public static partial DriverStatus StreamSynchronize(nint stream);

    [LibraryImport(Library, EntryPoint = "cuStreamWaitEvent")]
    public static partial DriverStatus StreamWaitEvent(nint stream, nint mark, uint flags);

    [LibraryImport(Library, EntryPoint = "cuEventCreate")]
    public static partial DriverStatus EventCreate(out nint mark, uint flags);

    [LibraryImport(Library, EntryPoint = "cuEventDestroy_v2")]
    public static partial DriverStatus EventDestroy(nint mark);

    [LibraryImport(Library, EntryPoint = "cuEventRecord")]
    public static partial DriverStatus EventRecord(nint mark, nint stream);

    [LibraryImport(Library, EntryPoint = "cuEventSynchronize")]
    public static partial DriverStatus EventSynchronize(nint mark);

    [LibraryImport(Library, EntryPoint = "cuEventElapsedTime")]
    public static partial DriverStatus EventElapsedTime(out float milliseconds, nint start, nint end);

    [LibraryImport(Library, EntryPoint = "cuTensorMapEncodeTiled")]
    public static partial DriverStatus TensorMapEncodeTiled(
        void* map, int type, uint rank, ulong address, ulong* extents, ulong* strides, uint* box, uint* elementStrides, int interleave,
        int swizzle, int promotion, int fill);
}
