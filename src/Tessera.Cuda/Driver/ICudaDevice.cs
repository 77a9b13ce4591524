using Tessera.Cuda.Launch;
using Tessera.Cuda.Memory;

namespace Tessera.Cuda.Driver;

/// <summary>
/// A device that holds memory and runs kernels by name: all that the CUDA backend needs of a machine. <see cref="CudaDevice"/> is the one
/// over the driver; tests put an emulator in its place.
/// </summary>
/// <remarks>
/// Every kernel is <c>extern "C"</c> and takes exactly one parameter, a structure by value, so that its name and the bytes of that
/// structure are the whole calling convention. Work of one stream runs in the order of the calls. Members may be called from any thread,
/// one call at a time.
/// </remarks>
public unsafe interface ICudaDevice : IDisposable
{
    /// <summary>What the device is.</summary>
    CudaDeviceProperties Properties { get; }

    /// <summary>Reserves device memory, aligned to 256 bytes or more, with undefined contents.</summary>
    /// <param name="bytes">Bytes, at least 1.</param>
    /// <exception cref="CudaException">The device has not enough memory; the message says how much was asked for.</exception>
    DevicePointer Allocate(long bytes);

    /// <summary>Gives memory back; null is allowed. Waits for work that uses it.</summary>
    /// <exception cref="CudaException">The pointer did not come from <see cref="Allocate"/>, or was freed before.</exception>
    void Free(DevicePointer pointer);

    /// <summary>Copies to the device; the source may change as soon as the call returns.</summary>
    /// <param name="destination">Device memory.</param>
    /// <param name="source">Host memory.</param>
    /// <param name="bytes">Bytes, 0 or more.</param>
    /// <param name="stream">Stream whose earlier work comes first.</param>
    void CopyToDevice(DevicePointer destination, void* source, long bytes, CudaStream stream = default);

    /// <summary>Copies from the device; the data are there when the call returns.</summary>
    /// <param name="destination">Host memory.</param>
    /// <param name="source">Device memory.</param>
    /// <param name="bytes">Bytes, 0 or more.</param>
    /// <param name="stream">Stream whose earlier work comes first.</param>
    void CopyToHost(void* destination, DevicePointer source, long bytes, CudaStream stream = default);

    /// <summary>Sets every byte of a stretch of device memory.</summary>
    void Fill(DevicePointer destination, byte value, long bytes, CudaStream stream = default);

    /// <summary>Encodes what bulk copies of this device need to know of a tensor; sm_90 and up.</summary>
    /// <param name="map">The tensor, its box and its layout in shared memory.</param>
    /// <returns>Bytes to copy to device memory, at an address that 128 divides.</returns>
    /// <exception cref="ArgumentException">A limit of tensor maps does not hold.</exception>
    /// <exception cref="CudaException">The driver refused the map.</exception>
    EncodedTensorMap EncodeTensorMap(TensorMap map);

    /// <summary>Starts a kernel; does not wait for it.</summary>
    /// <param name="kernel">Name of the entry point.</param>
    /// <param name="shape">Grid, threads and dynamic shared memory; more than 48 KiB of it is opted in to here.</param>
    /// <param name="parameters">Bytes of the kernel's one parameter structure.</param>
    /// <param name="stream">Stream to run in.</param>
    /// <exception cref="ArgumentException">No kernel has that name, or the shape is outside the limits of the device.</exception>
    /// <exception cref="CudaException">The driver refused the launch.</exception>
    void Launch(string kernel, LaunchShape shape, ReadOnlySpan<byte> parameters, CudaStream stream = default);

    /// <summary>What the compiler made of a kernel.</summary>
    /// <exception cref="ArgumentException">No kernel has that name.</exception>
    KernelAttributes Describe(string kernel);

    /// <summary>Makes a stream that does not wait for the default stream.</summary>
    CudaStream CreateStream();

    /// <summary>Gives a stream back.</summary>
    void DestroyStream(CudaStream stream);

    /// <summary>Waits for all work of a stream.</summary>
    /// <exception cref="CudaException">A kernel before it failed.</exception>
    void Synchronize(CudaStream stream = default);

    /// <summary>Makes an event that can be timed.</summary>
    CudaEvent CreateEvent();

    /// <summary>Gives an event back.</summary>
    void DestroyEvent(CudaEvent mark);

    /// <summary>Puts an event behind the work that a stream has now.</summary>
    void Record(CudaEvent mark, CudaStream stream = default);

    /// <summary>Lets the work that a stream gets from now on wait for an event; the caller does not wait.</summary>
    void Wait(CudaEvent mark, CudaStream stream = default);

    /// <summary>Time between two recorded events; waits for the second.</summary>
    TimeSpan Elapsed(CudaEvent start, CudaEvent end);
}
