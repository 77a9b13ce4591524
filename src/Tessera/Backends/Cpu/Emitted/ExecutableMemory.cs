using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Tessera.Backends.Cpu.Emitted;

/// <summary>
/// Pages that hold machine code: written first, then made executable and read-only, never both writable and executable. Linux and Windows.
/// </summary>
internal sealed unsafe partial class ExecutableMemory : SafeHandle
{
    private const int LinuxReadWrite = 3;
    private const int LinuxReadExecute = 5;
    private const int LinuxPrivateAnonymous = 0x22;
    private const uint WindowsCommitReserve = 0x3000;
    private const uint WindowsReadWrite = 0x04;
    private const uint WindowsExecuteRead = 0x20;
    private const uint WindowsRelease = 0x8000;

    private readonly nuint _bytes;

    /// <summary>Copies code into pages of its own.</summary>
    /// <exception cref="PlatformNotSupportedException">Neither Linux nor Windows, or the system refuses executable memory.</exception>
    public ExecutableMemory(ReadOnlySpan<byte> code)
        : base(0, ownsHandle: true)
    {
        _bytes = (nuint)code.Length;
        nint pages = Allocate(_bytes);
        SetHandle(pages);
        code.CopyTo(new Span<byte>((void*)pages, code.Length));
        if (!MakeExecutable(pages, _bytes))
        {
            int error = Marshal.GetLastPInvokeError();
            throw new PlatformNotSupportedException($"The system refuses to make memory executable: {new Win32Exception(error).Message}.");
        }
    }

    /// <summary>The first instruction.</summary>
    public nint Address => handle;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle() =>
        OperatingSystem.IsWindows() ? VirtualFree(handle, 0, WindowsRelease) != 0 : Unmap(handle, _bytes) == 0;

    private static nint Allocate(nuint bytes)
    {
        nint pages = OperatingSystem.IsLinux() ? Map(0, bytes, LinuxReadWrite, LinuxPrivateAnonymous, -1, 0)
            : OperatingSystem.IsWindows() ? VirtualAlloc(0, bytes, WindowsCommitReserve, WindowsReadWrite)
            : throw new PlatformNotSupportedException("Machine code is emitted on Linux and Windows only.");
        if (pages is 0 or -1)
        {
            int error = Marshal.GetLastPInvokeError();
            throw new PlatformNotSupportedException($"The system gives no memory for code: {new Win32Exception(error).Message}.");
        }

        return pages;
    }

    private static bool MakeExecutable(nint pages, nuint bytes) => OperatingSystem.IsWindows()
        ? VirtualProtect(pages, bytes, WindowsExecuteRead, out _) != 0
        : Protect(pages, bytes, LinuxReadExecute) == 0;

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nuint bytes, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(nint address, nuint bytes, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint address, nuint bytes);

    [LibraryImport("kernel32", SetLastError = true)]
    private static partial nint VirtualAlloc(nint address, nuint bytes, uint kind, uint protection);

    [LibraryImport("kernel32", SetLastError = true)]
    private static partial int VirtualProtect(nint address, nuint bytes, uint protection, out uint before);

    [LibraryImport("kernel32", SetLastError = true)]
    private static partial int VirtualFree(nint address, nuint bytes, uint kind);
}
