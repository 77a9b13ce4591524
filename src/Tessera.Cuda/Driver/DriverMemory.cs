namespace Tessera.Cuda.Driver;

/// <summary>Device memory of ours.</summary>
internal sealed class DriverMemory : DriverHandle
{
    private DriverMemory(DriverContext context, nint pointer, long bytes)
        : base(context, pointer) => Bytes = bytes;

    /// <summary>Size.</summary>
    public long Bytes { get; }

    public static DriverMemory Allocate(DriverContext context, long bytes)
    {
        using CurrentContext current = context.Enter();
        DriverStatus status = DriverImports.MemAlloc(out ulong pointer, (nuint)bytes);
        if (status == DriverStatus.OutOfMemory
            && DriverImports.MemGetInfo(out nuint free, out nuint total) == DriverStatus.Success)
        {
            DriverCalls.Require(status, "cuMemAlloc", $"{bytes} bytes asked for, {free} of {total} free");
        }

        DriverCalls.Require(status, "cuMemAlloc", $"{bytes} bytes");
        return new DriverMemory(context, (nint)pointer, bytes);
    }

    // cuMemFree may wait for work that uses the memory; nothing promises that it does.
    protected override DriverStatus Release()
    {
        DriverStatus pending = DriverImports.CtxSynchronize();
        DriverStatus freed = DriverImports.MemFree((ulong)Value);
        return freed == DriverStatus.Success ? pending : freed;
    }
}
