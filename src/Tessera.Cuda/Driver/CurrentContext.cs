namespace Tessera.Cuda.Driver;

/// <summary>
/// A stretch of a thread's calls in our context. Where the thread had another context, as PyTorch leaves it with several devices, that one
/// is current again afterwards; where it had none, ours stays.
/// </summary>
internal readonly ref struct CurrentContext : IDisposable
{
    private readonly nint _replaced;

    private CurrentContext(nint replaced) => _replaced = replaced;

    /// <summary>Makes a context the calling thread's.</summary>
    public static CurrentContext Enter(DriverContext context)
    {
        DriverCalls.Require(DriverImports.CtxGetCurrent(out nint present), "cuCtxGetCurrent");
        if (present == context.Value)
        {
            return default;
        }

        DriverCalls.Require(DriverImports.CtxSetCurrent(context.Value), "cuCtxSetCurrent");
        return new CurrentContext(present);
    }

    public void Dispose()
    {
        if (_replaced != 0)
        {
            // A context that is gone by now is its owner's affair.
            DriverImports.CtxSetCurrent(_replaced);
        }
    }
}
