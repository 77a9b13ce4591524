using System.Runtime.InteropServices;
using Tessera.Cuda.Launch;

namespace Tessera.Cuda.Driver;

/// <summary>Typed forms of the calls of a device.</summary>
public static unsafe class CudaDeviceCalls
{
    /// <summary>Copies a span to the device.</summary>
    public static void CopyToDevice<T>(
        this ICudaDevice device, DevicePointer destination, ReadOnlySpan<T> source, CudaStream stream = default)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(device);
        fixed (T* first = source)
        {
            device.CopyToDevice(destination, first, (long)source.Length * sizeof(T), stream);
        }
    }

    /// <summary>Copies from the device to a span.</summary>
    public static void CopyToHost<T>(this ICudaDevice device, Span<T> destination, DevicePointer source, CudaStream stream = default)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(device);
        fixed (T* first = destination)
        {
            device.CopyToHost(first, source, (long)destination.Length * sizeof(T), stream);
        }
    }

    /// <summary>Starts a kernel with its parameter structure.</summary>
    /// <typeparam name="T">Mirror of the kernel's parameter structure: equal fields, offsets and size.</typeparam>
    public static void Launch<T>(this ICudaDevice device, string kernel, LaunchShape shape, in T parameters, CudaStream stream = default)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(device);
        device.Launch(kernel, shape, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in parameters)), stream);
    }
}
