using Tessera.Attention;
using Tessera.Cuda.Compilation;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Memory;

namespace Tessera.Cuda.Driver;

/// <summary>
/// A GPU through the driver API. It uses the primary context, so that pointers and streams of PyTorch and of the CUDA runtime are valid
/// here and the other way round. Whatever it gave and was not given back is given back when it is disposed.
/// </summary>
public sealed unsafe class CudaDevice : ICudaDevice
{
    private readonly DriverContext _context;
    private readonly LoadedKernels _kernels;
    // By kind as well: an address of device memory may equal that of a stream's handle on the host.
    private readonly Dictionary<(Type Kind, nint Value), DriverHandle> _owned = [];
    private readonly Lock _gate = new();
    private readonly LaunchTrace _launches = new();
    private bool _disposed;

    private CudaDevice(CudaDeviceProperties properties, DriverContext context, KernelBuilder builder, KernelCache? cache,
        IEnumerable<KernelModule> modules)
    {
        Properties = properties;
        _context = context;
        Builder = builder;
        Cache = cache;
        _kernels = new LoadedKernels(context, builder, modules);
    }

    /// <inheritdoc/>
    public CudaDeviceProperties Properties { get; }

    /// <summary>Files of the kernel cache that were damaged and made anew.</summary>
    public IReadOnlyList<CacheDamage> CacheDamage => Cache?.Damage ?? [];

    /// <summary>Allocations, streams and events that were not given back yet.</summary>
    internal int Outstanding
    {
        get
        {
            lock (_gate)
            {
                return _owned.Count;
            }
        }
    }

    internal KernelBuilder Builder { get; }

    internal KernelCache? Cache { get; }

    /// <summary>Opens a device with the kernels of some modules.</summary>
    /// <param name="modules">Modules whose kernels it can launch.</param>
    /// <param name="options">Which device, and where compiled kernels are kept; null for the default.</param>
    /// <exception cref="BackendUnavailableException">There is no driver or device, or it is too old; the message says which.</exception>
    public static CudaDevice Open(IEnumerable<KernelModule> modules, CudaDeviceOptions? options = null) => Open(modules, options, null);

    /// <summary>As the public one, with sources of its own.</summary>
    internal static CudaDevice Open(
        IEnumerable<KernelModule> modules, CudaDeviceOptions? options, Func<KernelModule, KernelSource>? read)
    {
        ArgumentNullException.ThrowIfNull(modules);
        options ??= CudaDeviceOptions.Default;
        CudaSystem system = CudaSystem.Examine();
        if (system.Devices.Count == 0)
        {
            throw new BackendUnavailableException($"No CUDA device: {system.Fault}.");
        }

        if ((uint)options.Ordinal >= (uint)system.Devices.Count)
        {
            throw new BackendUnavailableException(
                $"CUDA device {options.Ordinal} does not exist; the driver shows {system.Devices.Count}, counted from 0.");
        }

        CudaDeviceProperties properties = system.Devices[options.Ordinal];
        if (CudaSystem.FaultOf(properties) is { } fault)
        {
            throw new BackendUnavailableException($"CUDA device {options.Ordinal} cannot be used: {fault}.");
        }

        DriverCalls.Require(DriverImports.DeviceGet(out int device, options.Ordinal), "cuDeviceGet");
        KernelCache? cache = options.EffectiveCacheFolder is { } folder ? new KernelCache(folder) : null;
        KernelBuilder builder = new(properties.Architecture, system.DriverVersion, cache, read);
        return new CudaDevice(properties, DriverContext.Retain(device), builder, cache, modules);
    }

    /// <inheritdoc/>
    public DevicePointer Allocate(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        return new DevicePointer((ulong)Own(DriverMemory.Allocate(Context(), bytes)));
    }

    /// <inheritdoc/>
    public void Free(DevicePointer pointer)
    {
        if (!pointer.IsNull)
        {
            Release<DriverMemory>((nint)pointer.Address, "cuMemFree");
        }
    }

    /// <inheritdoc/>
    public void CopyToDevice(DevicePointer destination, void* source, long bytes, CudaStream stream = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (bytes > 0)
        {
            using CurrentContext current = Context().Enter();
            Require(
                DriverImports.MemcpyHtoDAsync(destination.Address, source, (nuint)bytes, stream.Handle), "cuMemcpyHtoDAsync",
                $"{bytes} bytes to {destination}");
            // Memory that the caller has page-locked is read after the call returns; the promise is that it may change by then.
            Require(DriverImports.StreamSynchronize(stream.Handle), "cuStreamSynchronize");
        }
    }

    /// <inheritdoc/>
    public void CopyToHost(void* destination, DevicePointer source, long bytes, CudaStream stream = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (bytes > 0)
        {
            using CurrentContext current = Context().Enter();
            Require(
                DriverImports.MemcpyDtoHAsync(destination, source.Address, (nuint)bytes, stream.Handle), "cuMemcpyDtoHAsync",
                $"{bytes} bytes from {source}");
            Require(DriverImports.StreamSynchronize(stream.Handle), "cuStreamSynchronize");
        }
    }

    /// <summary>Copies within device memory; does not wait.</summary>
    public void CopyOnDevice(DevicePointer destination, DevicePointer source, long bytes, CudaStream stream = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (bytes > 0)
        {
            using CurrentContext current = Context().Enter();
            Require(
                DriverImports.MemcpyDtoDAsync(destination.Address, source.Address, (nuint)bytes, stream.Handle), "cuMemcpyDtoDAsync",
                $"{bytes} bytes from {source} to {destination}");
        }
    }

    /// <inheritdoc/>
    public void Fill(DevicePointer destination, byte value, long bytes, CudaStream stream = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (bytes > 0)
        {
            using CurrentContext current = Context().Enter();
            Require(
                DriverImports.MemsetD8Async(destination.Address, value, (nuint)bytes, stream.Handle), "cuMemsetD8Async",
                $"{bytes} bytes at {destination}");
        }
    }

    /// <inheritdoc/>
    public EncodedTensorMap EncodeTensorMap(TensorMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        using CurrentContext current = Context().Enter();
        return map.Encode();
    }

    /// <inheritdoc/>
    public void Launch(string kernel, LaunchShape shape, ReadOnlySpan<byte> parameters, CudaStream stream = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(kernel);
        if (parameters.IsEmpty)
        {
            throw new ArgumentException($"Kernel '{kernel}' was to run without parameters; wanted its structure.", nameof(parameters));
        }

        shape.Validate();
        if (shape.SharedBytes > Properties.SharedBytesPerBlock)
        {
            throw new ArgumentException(
                $"Kernel '{kernel}' was to have {shape.SharedBytes} bytes of shared memory; {Properties.Name} gives a block at most "
                    + $"{Properties.SharedBytesPerBlock}.",
                nameof(shape));
        }

        using CurrentContext current = Context().Enter();
        LoadedKernel loaded = _kernels.Get(kernel);
        if (shape.Threads > loaded.Attributes.MaximumThreads)
        {
            throw new ArgumentException(
                $"Kernel '{kernel}' was to run with {shape.Threads} threads; its registers allow {loaded.Attributes.MaximumThreads}.",
                nameof(shape));
        }

        if (shape.SharedBytes > loaded.OptedInSharedBytes)
        {
            Require(
                DriverImports.FuncSetAttribute(loaded.Function, FunctionAttribute.MaximumDynamicSharedSizeBytes, shape.SharedBytes),
                "cuFuncSetAttribute", $"kernel {kernel}, {shape.SharedBytes} bytes of shared memory");
            loaded.OptedInSharedBytes = shape.SharedBytes;
        }

        fixed (byte* bytes = parameters)
        {
            void* argument = bytes;
            Require(
                DriverImports.LaunchKernel(
                    loaded.Function, (uint)shape.GridX, (uint)shape.GridY, (uint)shape.GridZ, (uint)shape.Threads, 1, 1,
                    (uint)shape.SharedBytes, stream.Handle, &argument, null),
                "cuLaunchKernel", $"kernel {kernel}, {shape}");
        }

        _launches.Add(kernel);
    }

    /// <inheritdoc/>
    public KernelAttributes Describe(string kernel)
    {
        ArgumentException.ThrowIfNullOrEmpty(kernel);
        using CurrentContext current = Context().Enter();
        return _kernels.Get(kernel).Attributes;
    }

    /// <inheritdoc/>
    public CudaStream CreateStream() => new(Own(DriverStream.Create(Context())));

    /// <inheritdoc/>
    public void DestroyStream(CudaStream stream) => Release<DriverStream>(stream.Handle, "cuStreamDestroy");

    /// <inheritdoc/>
    public void Synchronize(CudaStream stream = default)
    {
        using CurrentContext current = Context().Enter();
        Require(DriverImports.StreamSynchronize(stream.Handle), "cuStreamSynchronize");
    }

    /// <inheritdoc/>
    public CudaEvent CreateEvent() => new(Own(DriverEvent.Create(Context())));

    /// <inheritdoc/>
    public void DestroyEvent(CudaEvent mark) => Release<DriverEvent>(mark.Handle, "cuEventDestroy");

    /// <inheritdoc/>
    public void Record(CudaEvent mark, CudaStream stream = default)
    {
        using CurrentContext current = Context().Enter();
        Require(DriverImports.EventRecord(mark.Handle, stream.Handle), "cuEventRecord");
    }

    /// <inheritdoc/>
    public void Wait(CudaEvent mark, CudaStream stream = default)
    {
        using CurrentContext current = Context().Enter();
        Require(DriverImports.StreamWaitEvent(stream.Handle, mark.Handle, 0), "cuStreamWaitEvent");
    }

    /// <inheritdoc/>
    public TimeSpan Elapsed(CudaEvent start, CudaEvent end)
    {
        using CurrentContext current = Context().Enter();
        Require(DriverImports.EventSynchronize(end.Handle), "cuEventSynchronize");
        Require(DriverImports.EventElapsedTime(out float milliseconds, start.Handle, end.Handle), "cuEventElapsedTime");
        return TimeSpan.FromTicks((long)(milliseconds * (double)TimeSpan.TicksPerMillisecond));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        lock (_gate)
        {
            foreach (DriverHandle handle in _owned.Values)
            {
                handle.Dispose();
            }

            _owned.Clear();
        }

        _kernels.Dispose();
        _context.Dispose();
    }

    /// <summary>What the code of a kernel was made from and by what.</summary>
    internal KernelImage ImageOf(string kernel)
    {
        using CurrentContext current = Context().Enter();
        return _kernels.ImageOf(kernel);
    }

    /// <summary>Loads code and unloads it again: whether the driver takes it.</summary>
    internal void TryLoad(ReadOnlySpan<byte> image, string name)
    {
        using CurrentContext current = Context().Enter();
        DriverModule.Load(_context, image, name).Dispose();
    }

    private DriverContext Context()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _context;
    }

    private nint Own(DriverHandle handle)
    {
        lock (_gate)
        {
            _owned.Add((handle.GetType(), handle.Value), handle);
        }

        return handle.Value;
    }

    private void Release<THandle>(nint value, string call)
        where THandle : DriverHandle
    {
        if (_disposed)
        {
            // It was given back with the device.
            return;
        }

        DriverHandle? handle;
        lock (_gate)
        {
            if (!_owned.Remove((typeof(THandle), value), out handle))
            {
                throw new CudaException($"{call}: 0x{value:x} did not come from this device, or was given back before.");
            }
        }

        handle.Dispose();
        Require(handle.LastFault, call);
    }

    /// <summary>
    /// Throws unless a call succeeded; a fault of an earlier kernel, which any later call meets, comes with the last launches.
    /// </summary>
    private void Require(DriverStatus status, string call, string context = "")
    {
        if (status != DriverStatus.Success)
        {
            string launches = DriverCalls.LosesContext(status) ? _launches.ToString() : "";
            DriverCalls.Require(status, call, context.Length > 0 && launches.Length > 0 ? $"{context}; {launches}" : context + launches);
        }
    }
}
