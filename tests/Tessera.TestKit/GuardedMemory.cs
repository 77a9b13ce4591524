using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Tessera.TestKit;

/// <summary>
/// Elements that end exactly where an inaccessible page begins (or begin exactly where one ends), so that reading or writing one lane too
/// far stops the process instead of passing unnoticed. Linux and macOS; elsewhere see <see cref="PageProtection.IsSupported"/>.
/// </summary>
public sealed unsafe class GuardedMemory<T> : IDisposable
    where T : unmanaged
{
    private const int NoAccess = 0;
    private const int ReadWrite = 1 | 2;
    private readonly byte* _base;
    private readonly nuint _mapped;
    private readonly T* _first;

    /// <summary>Allocates <paramref name="length"/> elements against a guard page.</summary>
    /// <param name="length">Elements.</param>
    /// <param name="guardAfter">True puts the guard behind the last element, false before the first.</param>
    [UnsupportedOSPlatform("windows")]
    public GuardedMemory(int length, bool guardAfter = true)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        nuint bytes = (nuint)length * (nuint)sizeof(T);
        nuint body = (bytes + page - 1) / page * page;
        _mapped = body + (2 * page);
        int anonymous = OperatingSystem.IsMacOS() ? 0x1000 : 0x20;
        nint address = PageProtection.Map(0, _mapped, ReadWrite, 2 | anonymous, -1, 0);
        if (address == -1)
        {
            throw new InvalidOperationException($"mmap of {_mapped} bytes failed with error {Marshal.GetLastPInvokeError()}.");
        }

        _base = (byte*)address;
        if (PageProtection.Protect(address, page, NoAccess) != 0 || PageProtection.Protect(address + (nint)(page + body), page, NoAccess) != 0)
        {
            throw new InvalidOperationException($"mprotect failed with error {Marshal.GetLastPInvokeError()}.");
        }

        _first = (T*)(guardAfter ? _base + page + body - bytes : _base + page);
        Length = length;
    }

    public int Length { get; }

    public Span<T> Span => new(_first, Length);

    public void Dispose() => _ = PageProtection.Unmap((nint)_base, _mapped);
}
