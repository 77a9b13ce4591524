using System.Security.Cryptography;
using System.Text;
using Tessera.TestKit;

namespace Tessera.Cuda.Emulation;

/// <summary>
/// Compiles kernels as host C++ into a shared library. Objects are kept under the hash of what they are made of, so that a second run
/// builds nothing and a planted fault rebuilds one file.
/// </summary>
public static class EmulationBuild
{
    /// <summary>Folder of the kernels.</summary>
    public static string KernelFolder { get; } = Path.Combine(TestRoots.Repository, "src", "Tessera.Cuda", "Kernels");

    /// <summary>Folder of the emulator.</summary>
    public static string NativeFolder { get; } = Path.Combine(TestRoots.Repository, "tests", "Tessera.Cuda.Emulation", "Native");

    /// <summary>Folder of the probes: kernels that gpu-check runs to learn of a device, and that run here first.</summary>
    public static string ProbeFolder { get; } = Path.Combine(TestRoots.Repository, "tools", "GpuCheck", "Kernels");

    // Contraction would round what the kernels round on purpose; -march=native makes std::fma one instruction.
    private static readonly string[] Options =
    [
        "-std=c++20", "-O2", "-march=native", "-ffp-contract=off", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror",
        "-Wno-unused-function", "-Wno-unknown-pragmas", "-DTESSERA_EMULATION",
    ];

    private static readonly string Cache = Path.Combine(AppContext.BaseDirectory, "emulation");

    /// <summary>Builds a library of kernels.</summary>
    /// <param name="kernels">Folder of the headers and <c>.cu</c> files.</param>
    /// <param name="units">The <c>.cu</c> files to compile, by name; null for all and the probes.</param>
    /// <returns>Path of the library.</returns>
    /// <exception cref="InvalidOperationException">There is no compiler, or it refuses a file.</exception>
    public static string Build(string kernels, IReadOnlyList<string>? units = null)
    {
        HostCompiler compiler = HostCompiler.ForHost
            ?? throw new InvalidOperationException("The emulated device needs g++ or clang++; install one of them.");
        string identity = $"{compiler.Version}\n{string.Join(' ', Options)}\n";
        string native = identity + Digest(Directory.GetFiles(NativeFolder, "*.hpp"));
        List<(string Source, string Key)> sources = [];
        foreach (string source in Directory.GetFiles(NativeFolder, "*.cpp").Order(StringComparer.Ordinal))
        {
            // The emulator proper sees no kernel header; layout.cpp sees the parameters.
            sources.Add((source, Hash(native + IncludedText(kernels, source))));
        }

        foreach (string source in Directory.GetFiles(kernels, "*.cu").Concat(units is null ? Directory.GetFiles(ProbeFolder, "*.cu") : [])
            .Where(source => units is null || units.Contains(Path.GetFileName(source))).Order(StringComparer.Ordinal))
        {
            sources.Add((source, Hash(native + IncludedText(kernels, source))));
        }

        string library = Path.Combine(Cache, $"{Hash(string.Concat(sources.Select(static source => source.Key)))}.so");
        if (!File.Exists(library))
        {
            Directory.CreateDirectory(Cache);
            string[] objects = new string[sources.Count];
            Parallel.For(0, sources.Count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, i =>
            {
                objects[i] = Path.Combine(Cache, $"{Path.GetFileName(sources[i].Source)}.{sources[i].Key}.o");
                Produce(objects[i], target => compiler.Run(
                    [.. Options, $"-I{kernels}", $"-I{NativeFolder}", "-x", "c++", "-c", sources[i].Source, "-o", target]));
            });
            Produce(library, target => compiler.Run(["-shared", "-o", target, .. objects]));
        }

        return library;
    }

    // Written beside its place and renamed: two test processes may build at once.
    private static void Produce(string path, Action<string> make)
    {
        if (File.Exists(path))
        {
            return;
        }

        string temporary = $"{path}.{Environment.ProcessId}.{Environment.CurrentManagedThreadId}";
        make(temporary);
        File.Move(temporary, path, overwrite: true);
    }

    private static string Digest(string[] files) =>
        Hash(string.Concat(files.Order(StringComparer.Ordinal).Select(static file => Path.GetFileName(file) + "\n" + File.ReadAllText(file))));

    // A file behind the headers of the kernels and of its own folder that it includes, directly or not.
    private static string IncludedText(string kernels, string source)
    {
        StringBuilder text = new();
        HashSet<string> seen = [];
        Add(source);
        return text.ToString();

        void Add(string path)
        {
            foreach (string line in File.ReadLines(path).Where(static line => line.StartsWith("#include \"", StringComparison.Ordinal)))
            {
                string name = line.Split('"')[1];
                string? header = new[] { Path.Combine(Path.GetDirectoryName(path)!, name), Path.Combine(kernels, name) }.FirstOrDefault(File.Exists);
                if (header is not null && seen.Add(header))
                {
                    Add(header);
                }
            }

            text.Append(File.ReadAllText(path));
        }
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];
}
