using System.Runtime.InteropServices;
using Tessera.Cuda.Driver;

namespace Tessera.Cuda.Compilation;

/// <summary>The run-time compiler, by the entry points that NVRTC 12 and 13 share.</summary>
internal static unsafe partial class NvrtcImports
{
    private const string Library = NativeLibraries.NvrtcImport;

    static NvrtcImports() => NativeLibraries.Install();

    [LibraryImport(Library, EntryPoint = "nvrtcVersion")]
    public static partial NvrtcStatus Version(out int major, out int minor);

    [LibraryImport(Library, EntryPoint = "nvrtcGetErrorString")]
    public static partial byte* GetErrorString(NvrtcStatus status);

    [LibraryImport(Library, EntryPoint = "nvrtcCreateProgram", StringMarshalling = StringMarshalling.Utf8)]
    public static partial NvrtcStatus CreateProgram(
        out nint program, string source, string name, int headerCount, byte** headers, byte** includeNames);

    [LibraryImport(Library, EntryPoint = "nvrtcDestroyProgram")]
    public static partial NvrtcStatus DestroyProgram(ref nint program);

    [LibraryImport(Library, EntryPoint = "nvrtcCompileProgram")]
    public static partial NvrtcStatus CompileProgram(nint program, int optionCount, byte** options);

    [LibraryImport(Library, EntryPoint = "nvrtcGetCUBINSize")]
    public static partial NvrtcStatus GetCubinSize(nint program, out nuint bytes);

    [LibraryImport(Library, EntryPoint = "nvrtcGetCUBIN")]
    public static partial NvrtcStatus GetCubin(nint program, byte* cubin);

    [LibraryImport(Library, EntryPoint = "nvrtcGetProgramLogSize")]
    public static partial NvrtcStatus GetProgramLogSize(nint program, out nuint bytes);

    [LibraryImport(Library, EntryPoint = "nvrtcGetProgramLog")]
    public static partial NvrtcStatus GetProgramLog(nint program, byte* log);
}
