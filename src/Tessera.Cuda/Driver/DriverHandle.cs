using System.Runtime.InteropServices;

namespace Tessera.Cuda.Driver;

/// <summary>
/// A handle that the driver gave and that is given back exactly once. It keeps its context alive; a failure to give it back cannot be
/// reported from here and is left to <see cref="LastFault"/>.
/// </summary>
internal abstract class DriverHandle : SafeHandle
{
    private readonly DriverContext? _context;

    protected DriverHandle(DriverContext? context, nint value)
        : base(0, ownsHandle: true)
    {
        if (context is not null)
        {
            bool held = false;
            context.DangerousAddRef(ref held);
            _context = context;
        }

        SetHandle(value);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The raw handle.</summary>
    public nint Value => handle;

    /// <summary>Code of giving it back.</summary>
    public DriverStatus LastFault { get; private set; }

    protected sealed override bool ReleaseHandle()
    {
        if (_context is null)
        {
            LastFault = Release();
        }
        else
        {
            using (_context.Enter())
            {
                LastFault = Release();
            }

            _context.DangerousRelease();
        }

        return LastFault == DriverStatus.Success;
    }

    /// <summary>Gives it back.</summary>
    protected abstract DriverStatus Release();
}
