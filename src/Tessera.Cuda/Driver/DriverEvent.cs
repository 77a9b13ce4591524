namespace Tessera.Cuda.Driver;

/// <summary>An event of ours, with time.</summary>
internal sealed class DriverEvent : DriverHandle
{
    private const uint Timed = 0;

    private DriverEvent(DriverContext context, nint mark)
        : base(context, mark)
    {
    }

    public static DriverEvent Create(DriverContext context)
    {
        using CurrentContext current = context.Enter();
        DriverCalls.Require(DriverImports.EventCreate(out nint mark, Timed), "cuEventCreate");
        return new DriverEvent(context, mark);
    }

    protected override DriverStatus Release() => DriverImports.EventDestroy(Value);
}
