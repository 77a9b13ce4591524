using System.Runtime.InteropServices;

namespace Tessera.TestKit;

/// <summary>The three memory calls behind <see cref="GuardedMemory{T}"/>.</summary>
public static partial class PageProtection
{
    public static bool IsSupported => !OperatingSystem.IsWindows();

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    internal static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    internal static partial int Unmap(nint address, nuint length);
}
