using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;

namespace Tessera.Cuda.Tests.Stubs;

/// <summary>
/// Builds the stub driver and the stub NVRTC with gcc and puts them in the place of the machine's own before anything is loaded, so that
/// tests never touch a real driver.
/// </summary>
internal static class StubLibraries
{
    private static readonly string SourceFolder = Path.Combine(AppContext.BaseDirectory, "Stubs");

    /// <summary>Why there are no stubs here; null when there are.</summary>
    public static string? Fault { get; private set; }

    /// <summary>The stub driver.</summary>
    public static string Driver { get; private set; } = "";

    /// <summary>The stub driver without an entry point that is needed: what a very old driver looks like.</summary>
    public static string OldDriver { get; private set; } = "";

    /// <summary>The stub NVRTC.</summary>
    public static string Nvrtc { get; private set; } = "";

    [ModuleInitializer]
    internal static void Install()
    {
        if (!OperatingSystem.IsLinux())
        {
            Fault = "the stub driver is built with gcc on Linux";
            return;
        }

        try
        {
            Driver = Build("stub_driver.c", "libcuda.so.1");
            Nvrtc = Build("stub_nvrtc.c", "libnvrtc.so.13", "-Wl,-soname,libnvrtc.so.13");
            BuildBuiltins(Path.GetDirectoryName(Nvrtc)!);
            OldDriver = Build("stub_driver.c", "libcuda-old.so.1", "-DcuDeviceTotalMem_v2=cuDeviceTotalMem");
        }
        catch (Exception exception) when (exception is InvalidOperationException or IOException or System.ComponentModel.Win32Exception)
        {
            Fault = $"the stub driver cannot be built: {exception.Message}";
        }

        // What the stub compiles must not lie in the user's cache, where the library would find it under the key of a real compiler's code.
        Environment.SetEnvironmentVariable("XDG_CACHE_HOME", Path.Combine(AppContext.BaseDirectory, "cache"));

        // Also without stubs: tests must not reach the driver of the machine.
        Environment.SetEnvironmentVariable("TESSERA_CUDA_DRIVER", Driver.Length > 0 ? Driver : "/nonexistent/libcuda.so.1");
        Environment.SetEnvironmentVariable("TESSERA_NVRTC", Nvrtc.Length > 0 ? Nvrtc : "/nonexistent/libnvrtc.so.13");
    }

    /// <summary>What NVRTC 13.0 opens by name, beside it and on no path of the loader: as Python packages install the two.</summary>
    private static void BuildBuiltins(string folder)
    {
        const string Name = "libnvrtc-builtins.so.13.0";
        string target = Path.Combine(folder, Name);
        if (!File.Exists(target))
        {
            Compile(target, ["-x", "c", "/dev/null", $"-Wl,-soname,{Name}"]);
        }
    }

    /// <summary>Compiles one file, once for each content and set of options.</summary>
    private static string Build(string source, string library, params string[] options)
    {
        string path = Path.Combine(SourceFolder, source);
        byte[] identity = [.. File.ReadAllBytes(path), .. Encoding.UTF8.GetBytes(string.Join(' ', options))];
        string folder = Path.Combine(AppContext.BaseDirectory, "stubs-built", Convert.ToHexStringLower(SHA256.HashData(identity))[..12]);
        string target = Path.Combine(folder, library);
        if (File.Exists(target))
        {
            return target;
        }

        Directory.CreateDirectory(folder);
        Compile(target, [.. options, path]);
        return target;
    }

    private static void Compile(string target, IEnumerable<string> arguments)
    {
        string temporary = $"{target}.{Environment.ProcessId}.tmp";
        ProcessStartInfo start = new("gcc", ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-pthread", .. arguments, "-o", temporary, "-ldl"])
        {
            RedirectStandardError = true,
        };
        using Process compiler = Process.Start(start)!;
        string errors = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        if (compiler.ExitCode != 0)
        {
            throw new InvalidOperationException($"gcc: {errors}");
        }

        File.Move(temporary, target, overwrite: true);
    }
}
