using System.Diagnostics;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Memory;

namespace Tessera.Cuda.Emulation;

/// <summary>
/// A device whose kernels are the repository's kernel sources compiled for the host: every access is checked, threads take turns by a
/// seed, and launches have ended when they return.
/// </summary>
public sealed unsafe class EmulatedDevice : ICudaDevice
{
    private readonly EmulatedKernels _kernels;
    private readonly HashSet<ulong> _allocations = [];
    private readonly Dictionary<nint, long> _events = [];
    private nint _handles;

    /// <summary>Makes a device.</summary>
    /// <param name="architecture">Compute capability times ten.</param>
    /// <param name="schedule">How threads take turns.</param>
    /// <param name="kernels">Its kernels; null for those of this repository.</param>
    public EmulatedDevice(int architecture = 89, EmulatedSchedule schedule = default, EmulatedKernels? kernels = null)
    {
        _kernels = kernels ?? EmulatedKernels.Shared;
        Schedule = schedule;
        Properties = new CudaDeviceProperties
        {
            Name = $"emulated sm_{architecture}",
            Architecture = architecture,
            Multiprocessors = 2,
            SharedBytesPerBlock = 227 * 1024,
            SharedBytesPerMultiprocessor = 228 * 1024,
            RegistersPerMultiprocessor = 65536,
            MemoryBytes = 1L << 32,
        };
    }

    /// <inheritdoc/>
    public CudaDeviceProperties Properties { get; }

    /// <summary>How threads take turns in the launches to come.</summary>
    public EmulatedSchedule Schedule { get; set; }

    /// <summary>
    /// Bits that tensor cores keep of sums of E4M3 products, counted from the largest addend's leading bit; 0, as at first, for all. About 14
    /// on Hopper by DeepSeek-V3 (arXiv 2412.19437, 3.5.2); a measurement shall say.
    /// </summary>
    public int AccumulatorBits { get; set; }

    /// <summary>Kernels launched so far, in order.</summary>
    public IList<string> Launches { get; } = [];

    /// <inheritdoc/>
    public DevicePointer Allocate(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        void* memory = _kernels.Allocate((ulong)bytes);
        if (memory is null)
        {
            throw new CudaException($"{bytes} bytes of memory are not to be had.", 2);
        }

        _allocations.Add((ulong)memory);
        return new DevicePointer((ulong)memory);
    }

    /// <inheritdoc/>
    public void Free(DevicePointer pointer)
    {
        if (pointer.IsNull)
        {
            return;
        }

        if (!_allocations.Remove(pointer.Address) || !_kernels.Release((void*)pointer.Address))
        {
            throw new CudaException($"{pointer} is not allocated.", 1);
        }
    }

    /// <inheritdoc/>
    public void CopyToDevice(DevicePointer destination, void* source, long bytes, CudaStream stream = default)
    {
        Require(destination, bytes);
        Buffer.MemoryCopy(source, (void*)destination.Address, bytes, bytes);
    }

    /// <inheritdoc/>
    public void CopyToHost(void* destination, DevicePointer source, long bytes, CudaStream stream = default)
    {
        Require(source, bytes);
        Buffer.MemoryCopy((void*)source.Address, destination, bytes, bytes);
    }

    /// <inheritdoc/>
    public void Fill(DevicePointer destination, byte value, long bytes, CudaStream stream = default)
    {
        Require(destination, bytes);
        for (long done = 0; done < bytes; done += int.MaxValue)
        {
            new Span<byte>((byte*)destination.Address + done, (int)Math.Min(int.MaxValue, bytes - done)).Fill(value);
        }
    }

    /// <inheritdoc/>
    public EncodedTensorMap EncodeTensorMap(TensorMap map) => _kernels.EncodeTensorMap(map);

    /// <inheritdoc/>
    public void Launch(string kernel, LaunchShape shape, ReadOnlySpan<byte> parameters, CudaStream stream = default)
    {
        shape.Validate();
        Launches.Add(kernel);
        (int code, string message) = _kernels.Launch(kernel, shape, parameters, Schedule, AccumulatorBits);
        switch (code)
        {
            case 0:
                return;
            case 1:
                throw new ArgumentException($"No kernel is named '{kernel}'.", nameof(kernel));
            case 2:
                throw new ArgumentException($"{kernel} takes other parameters than {parameters.Length} bytes.", nameof(parameters));
            default:
                throw new EmulationFaultException(message);
        }
    }

    /// <inheritdoc/>
    public KernelAttributes Describe(string kernel)
    {
        EmulatedKernel facts = _kernels.Kernels.FirstOrDefault(entry => entry.Name == kernel)
            ?? throw new ArgumentException($"No kernel is named '{kernel}'.", nameof(kernel));
        return new KernelAttributes(0, 0, 0, facts.Threads);
    }

    /// <inheritdoc/>
    public CudaStream CreateStream() => new(++_handles);

    /// <inheritdoc/>
    public void DestroyStream(CudaStream stream)
    {
    }

    /// <inheritdoc/>
    public void Synchronize(CudaStream stream = default)
    {
    }

    /// <inheritdoc/>
    public CudaEvent CreateEvent() => new(++_handles);

    /// <inheritdoc/>
    public void DestroyEvent(CudaEvent mark) => _events.Remove(mark.Handle);

    /// <inheritdoc/>
    public void Record(CudaEvent mark, CudaStream stream = default) => _events[mark.Handle] = Stopwatch.GetTimestamp();

    /// <inheritdoc/>
    public void Wait(CudaEvent mark, CudaStream stream = default)
    {
        if (!_events.ContainsKey(mark.Handle))
        {
            throw new CudaException($"Event {mark.Handle} was never recorded.", 400);
        }
    }

    /// <inheritdoc/>
    public TimeSpan Elapsed(CudaEvent start, CudaEvent end) => Stopwatch.GetElapsedTime(_events[start.Handle], _events[end.Handle]);

    /// <summary>Gives back what is left.</summary>
    public void Dispose()
    {
        foreach (ulong address in _allocations)
        {
            _kernels.Release((void*)address);
        }

        _allocations.Clear();
    }

    private void Require(DevicePointer pointer, long bytes)
    {
        if (bytes > 0 && _kernels.Check(pointer.Address, bytes) is { } fault)
        {
            throw new CudaException($"Copy of {bytes} bytes: {fault}.", 700);
        }
    }
}
