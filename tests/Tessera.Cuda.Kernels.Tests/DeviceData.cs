using Tessera.Cuda.Driver;
using Tessera.Cuda.Emulation;
using Tessera.Cuda.Memory;

namespace Tessera.Cuda.Kernels.Tests;

/// <summary>Arrays on an emulated device, given back together.</summary>
internal sealed class DeviceData(EmulatedDevice device) : IDisposable
{
    private readonly List<DevicePointer> _pointers = [];

    public EmulatedDevice Device { get; } = device;

    /// <summary>Address of a copy; 0 for nothing.</summary>
    public ulong Put<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        if (values.IsEmpty)
        {
            return 0;
        }

        DevicePointer pointer = New<T>(values.Length);
        Device.CopyToDevice(pointer, values);
        return pointer.Address;
    }

    /// <summary>Address of a tensor map as the device reads it.</summary>
    public ulong PutMap(TensorMap map) => Put<EncodedTensorMap>([Device.EncodeTensorMap(map)]);

    /// <summary>Address of poisoned memory.</summary>
    public ulong Poisoned<T>(long count)
        where T : unmanaged => New<T>(count).Address;

    /// <summary>Address of zeros.</summary>
    public unsafe ulong Zeros<T>(long count)
        where T : unmanaged
    {
        DevicePointer pointer = New<T>(count);
        Device.Fill(pointer, 0, count * sizeof(T));
        return pointer.Address;
    }

    public T[] Get<T>(ulong address, long count)
        where T : unmanaged
    {
        T[] values = new T[count];
        Device.CopyToHost<T>(values, new DevicePointer(address));
        return values;
    }

    public void Dispose() => _pointers.ForEach(Device.Free);

    private unsafe DevicePointer New<T>(long count)
        where T : unmanaged
    {
        DevicePointer pointer = Device.Allocate(count * sizeof(T));
        _pointers.Add(pointer);
        return pointer;
    }
}
