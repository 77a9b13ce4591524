namespace Tessera.Cuda.Driver;

/// <summary>A stream of ours.</summary>
internal sealed class DriverStream : DriverHandle
{
    private const uint NonBlocking = 1;

    private DriverStream(DriverContext context, nint stream)
        : base(context, stream)
    {
    }

    public static DriverStream Create(DriverContext context)
    {
        using CurrentContext current = context.Enter();
        DriverCalls.Require(DriverImports.StreamCreate(out nint stream, NonBlocking), "cuStreamCreate");
        return new DriverStream(context, stream);
    }

    protected override DriverStatus Release() => DriverImports.StreamDestroy(Value);
}
