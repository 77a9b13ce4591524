using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tessera.Benchmarks.Gemm;

/// <summary>
/// SGEMM of OpenBLAS, the peer of our products, with the kernels that it chooses itself. It is told to let go of the processors after a
/// call, which it would spin on while the next contestant runs; the same variable of the environment overrules that.
/// </summary>
internal static unsafe partial class OpenBlas
{
    private const string Library = "libopenblas.so.0";
    private const string KernelVariable = "OPENBLAS_CORETYPE";
    private const int RowMajor = 101;
    private const int Plain = 111;
    private const int Transposed = 112;

    /// <summary>Loads the library.</summary>
    /// <param name="threads">Threads it may use.</param>
    /// <param name="kernels">The kernels it chose.</param>
    /// <param name="fault">Why it cannot be used.</param>
    public static bool TryStart(int threads, [NotNullWhen(true)] out string? kernels, [NotNullWhen(false)] out string? fault)
    {
        kernels = null;
        fault = null;
        try
        {
            Prepare();
            kernels = Start(threads);
            return true;
        }
        catch (DllNotFoundException)
        {
            fault = $"{Library} is not installed (Debian and Ubuntu: libopenblas0-pthread); our own figures follow without it.";
            return false;
        }
    }

    /// <summary>Y = X W^T, X [rows, inner], W [columns, inner].</summary>
    public static void Multiply(float[] input, float[] weight, float[] output, int rows, int inner, int columns)
    {
        fixed (float* x = input, w = weight, y = output)
        {
            Sgemm(RowMajor, Plain, Transposed, rows, columns, inner, 1, x, inner, w, inner, 0, y, columns);
        }
    }

    // Apart from Start: compiling a method may load the libraries that it calls, and this must come before.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Prepare()
    {
        if (OperatingSystem.IsLinux())
        {
            // The library reads the environment of the system, of which that of the runtime is a copy.
            _ = SetVariable("OPENBLAS_THREAD_TIMEOUT", "4", 0);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string Start(int threads)
    {
        SetThreads(threads);
        string name = Marshal.PtrToStringUTF8((nint)CoreName()) ?? "unknown";
        return Environment.GetEnvironmentVariable(KernelVariable) is { } forced ? $"{name} (forced: {KernelVariable}={forced})" : name;
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);

    [LibraryImport(Library, EntryPoint = "openblas_set_num_threads")]
    private static partial void SetThreads(int threads);

    [LibraryImport(Library, EntryPoint = "openblas_get_corename")]
    private static partial byte* CoreName();

    [LibraryImport(Library, EntryPoint = "cblas_sgemm")]
    private static partial void Sgemm(
        int order, int transposeA, int transposeB, int m, int n, int k, float alpha, float* a, int lda, float* b, int ldb, float beta,
        float* c, int ldc);
}
