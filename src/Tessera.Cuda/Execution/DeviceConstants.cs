using Tessera.Cuda.Driver;
using Tessera.Cuda.Memory;

namespace Tessera.Cuda.Execution;

/// <summary>Arrays of a compiled plan in one allocation, sent once.</summary>
internal sealed class DeviceConstants : IDisposable
{
    private readonly List<Action<ICudaDevice, DeviceMemory>> _parts = [];
    private readonly ArenaLayout _layout = new();
    private DeviceMemory? _memory;

    /// <summary>Bytes on the device.</summary>
    public long Bytes => _memory?.Bytes ?? 0;

    /// <summary>Takes an array in; it is sent by <see cref="Send"/>.</summary>
    public unsafe ArenaSlice Add<T>(T[] array)
        where T : unmanaged
    {
        ArenaSlice slice = _layout.Add((long)array.Length * sizeof(T));
        if (array.Length > 0)
        {
            // By its elements: the bytes of masks may be more than a span of bytes can count.
            _parts.Add((device, memory) => device.CopyToDevice<T>(slice.In(memory), array));
        }

        return slice;
    }

    /// <summary>Allocates and sends everything.</summary>
    public void Send(ICudaDevice device)
    {
        if (_layout.Bytes == 0)
        {
            return;
        }

        _memory = DeviceMemory.Allocate(device, _layout.Bytes);
        foreach (Action<ICudaDevice, DeviceMemory> send in _parts)
        {
            send(device, _memory);
        }

        _parts.Clear();
    }

    /// <summary>Address of an array; 0 for an empty one, which is how kernels are told that there is none.</summary>
    public ulong AddressOf(ArenaSlice slice) => slice.Bytes == 0 ? 0 : slice.In(_memory!).Address;

    public void Dispose() => _memory?.Dispose();
}
