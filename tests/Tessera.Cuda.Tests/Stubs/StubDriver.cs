using System.Runtime.InteropServices;
using Xunit;

namespace Tessera.Cuda.Tests.Stubs;

/// <summary>The stub driver as a test steers and reads it. One test at a time uses it.</summary>
internal static partial class StubDriver
{
    private static readonly nint DriverHandle = NativeLibrary.Load(StubLibraries.Driver);
    private static readonly nint NvrtcHandle = NativeLibrary.Load(StubLibraries.Nvrtc);

    /// <summary>Calls of the driver so far, one a line.</summary>
    public static string[] Calls => Lines(DriverHandle, "stub_log");

    /// <summary>Calls of NVRTC so far, one a line.</summary>
    public static string[] CompilerCalls => Lines(NvrtcHandle, "stub_nvrtc_log");

    /// <summary>What the driver gave and did not get back.</summary>
    public static unsafe int Outstanding => ((delegate* unmanaged<int>)Export(DriverHandle, "stub_outstanding"))();

    /// <summary>Programs that NVRTC holds.</summary>
    public static unsafe int LivePrograms => ((delegate* unmanaged<int>)Export(NvrtcHandle, "stub_nvrtc_live"))();

    /// <summary>Forgets calls and settings.</summary>
    public static unsafe void Reset()
    {
        Assert.Null(StubLibraries.Fault);
        ((delegate* unmanaged<void>)Export(DriverHandle, "stub_reset"))();
        ((delegate* unmanaged<void>)Export(NvrtcHandle, "stub_nvrtc_reset"))();
    }

    public static void SetVersion(int version) => Set(DriverHandle, "stub_set_version", version);

    public static void SetArchitecture(int architecture) => Set(DriverHandle, "stub_set_architecture", architecture);

    public static void SetDevices(int count) => Set(DriverHandle, "stub_set_devices", count);

    public static void SetNvrtcVersion(int version) => Set(NvrtcHandle, "stub_nvrtc_set_version", version);

    /// <summary>Makes the stub NVRTC open its builtins by name, as the real one does.</summary>
    public static void NeedBuiltins() => Set(NvrtcHandle, "stub_nvrtc_need_builtins", 1);

    /// <summary>Whether the calling thread has a context of someone else's.</summary>
    public static unsafe bool HasForeignContext
    {
        get => ((delegate* unmanaged<int>)Export(DriverHandle, "stub_has_foreign_context"))() != 0;
        set => Set(DriverHandle, "stub_set_foreign_context", value ? 1 : 0);
    }

    /// <summary>Bytes of a launch's parameters that are written down.</summary>
    public static void SetParameterBytes(int bytes) => Set(DriverHandle, "stub_set_parameter_bytes", bytes);

    /// <summary>Makes a call fail.</summary>
    public static unsafe void Fail(string call, int code, int after = 0)
    {
        nint name = Marshal.StringToCoTaskMemUTF8(call);
        ((delegate* unmanaged<nint, int, int, void>)Export(DriverHandle, "stub_fail"))(name, code, after);
        Marshal.FreeCoTaskMem(name);
    }

    private static nint Export(nint library, string name) => NativeLibrary.GetExport(library, name);

    private static unsafe void Set(nint library, string name, int value) => ((delegate* unmanaged<int, void>)Export(library, name))(value);

    private static unsafe string[] Lines(nint library, string name)
    {
        nint text = ((delegate* unmanaged<nint>)Export(library, name))();
        return [.. Marshal.PtrToStringUTF8(text)!.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.TrimEnd())];
    }
}
