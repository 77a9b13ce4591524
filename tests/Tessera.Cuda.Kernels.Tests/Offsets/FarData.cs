using Tessera.Cuda.Driver;
using Tessera.Cuda.Emulation;
using Tessera.Cuda.Launch;

namespace Tessera.Cuda.Kernels.Tests.Offsets;

/// <summary>
/// Arrays of terabytes of which a few pages are touched: the emulated device reserves large allocations and commits what is written. The
/// same content stands at the beginning of small arrays, or far inside of large ones; kernels must not tell.
/// </summary>
internal sealed class FarData(EmulatedDevice device, bool isFar) : IDisposable
{
    private readonly DeviceData _data = new(device);

    /// <summary>Whether arrays are large.</summary>
    public bool IsFar { get; } = isFar;

    /// <summary>A size or an index: one for large arrays, one for small ones.</summary>
    public int Pick(int far, int near) => IsFar ? far : near;

    /// <inheritdoc cref="Pick(int, int)"/>
    public long Pick(long far, long near) => IsFar ? far : near;

    /// <summary>An array of some elements that holds values from an index on.</summary>
    public ulong Put<T>(long count, long index, T[] values)
        where T : unmanaged
    {
        ulong address = _data.Zeros<T>(IsFar ? 1 : count);
        if (IsFar)
        {
            address = _data.Poisoned<T>(count);
        }

        Write(address, index, values);
        return address;
    }

    /// <summary>An array of zeros.</summary>
    public ulong Empty<T>(long count)
        where T : unmanaged => Put(count, 0, Array.Empty<T>());

    public unsafe void Write<T>(ulong address, long index, T[] values)
        where T : unmanaged => device.CopyToDevice<T>(new DevicePointer(address) + (index * sizeof(T)), values);

    public unsafe T[] Read<T>(ulong address, long index, int count)
        where T : unmanaged => _data.Get<T>((new DevicePointer(address) + (index * sizeof(T))).Address, count);

    public void Launch<T>(string kernel, int gridX, int gridY, in T parameters)
        where T : unmanaged
    {
        KernelInstance instance = KernelCatalogue.Find(kernel);
        CudaDeviceCalls.Launch(device, kernel, new LaunchShape(gridX, gridY, 1, instance.Threads, instance.SharedBytes), parameters);
    }

    public void Dispose() => _data.Dispose();
}
