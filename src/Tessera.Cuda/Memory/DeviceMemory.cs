using System.Runtime.InteropServices;
using Tessera.Cuda.Driver;

namespace Tessera.Cuda.Memory;

/// <summary>One allocation on a device, given back when this object is disposed.</summary>
public sealed class DeviceMemory : SafeHandle
{
    private readonly ICudaDevice _device;

    private DeviceMemory(ICudaDevice device, DevicePointer pointer, long bytes)
        : base(0, ownsHandle: true)
    {
        _device = device;
        Bytes = bytes;
        SetHandle((nint)pointer.Address);
    }

    /// <summary>Size.</summary>
    public long Bytes { get; }

    /// <summary>Its address.</summary>
    /// <exception cref="ObjectDisposedException">It was given back.</exception>
    public DevicePointer Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return new DevicePointer((ulong)handle);
        }
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Reserves memory.</summary>
    /// <param name="device">The device; it must outlive the memory.</param>
    /// <param name="bytes">Bytes, at least 1.</param>
    /// <exception cref="CudaException">The device has not enough memory.</exception>
    public static DeviceMemory Allocate(ICudaDevice device, long bytes)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        return new DeviceMemory(device, device.Allocate(bytes), bytes);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        try
        {
            _device.Free(new DevicePointer((ulong)handle));
            return true;
        }
        catch (Exception exception) when (exception is CudaException or ObjectDisposedException)
        {
            // A device that is gone has given all of its memory back.
            return false;
        }
    }
}
