namespace Tessera.Cuda.Driver;

/// <summary>
/// The primary context of a device, which PyTorch and the CUDA runtime use too, so that pointers and streams of theirs are valid here.
/// </summary>
internal sealed class DriverContext : DriverHandle
{
    private readonly int _device;

    private DriverContext(int device, nint context)
        : base(null, context) => _device = device;

    /// <summary>Retains the context of a device.</summary>
    public static DriverContext Retain(int device)
    {
        DriverCalls.Require(DriverImports.DevicePrimaryCtxRetain(out nint context, device), "cuDevicePrimaryCtxRetain");
        return new DriverContext(device, context);
    }

    /// <summary>Makes it the calling thread's context until the answer is disposed.</summary>
    public CurrentContext Enter() => CurrentContext.Enter(this);

    protected override DriverStatus Release() => DriverImports.DevicePrimaryCtxRelease(_device);
}
