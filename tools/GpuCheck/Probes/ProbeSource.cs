using System.Text;
using System.Text.RegularExpressions;
using Tessera.Cuda.Compilation;

namespace GpuCheck.Probes;

/// <summary>Text of the probe kernels, embedded in this program, and of single ones of them.</summary>
internal static partial class ProbeSource
{
    /// <summary>A kernel alone: what stands before the first kernel of its file, and the kernel.</summary>
    /// <param name="file">The file, of this program.</param>
    /// <param name="kernel">The kernel; null for the whole file.</param>
    /// <exception cref="InvalidOperationException">There is no such file, or the kernel is not in it.</exception>
    public static KernelSource Load(string file, string? kernel = null)
    {
        string text = Read(file);
        return new KernelSource(file, kernel is null ? text : Alone(text, kernel, file), HeadersOf(text));
    }

    /// <summary>Kernels of a file, in order.</summary>
    public static IReadOnlyList<string> KernelsOf(string file) =>
        [.. Begin().Matches(Read(file)).Select(static match => match.Groups[1].Value)];

    /// <summary>Text of a resource of this program or of the library.</summary>
    public static string Read(string name)
    {
        using Stream stream = typeof(ProbeSource).Assembly.GetManifestResourceStream(name) ?? KernelSource.OpenResource(name)
            ?? throw new InvalidOperationException($"Resource {name} is missing.");
        using StreamReader reader = new(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    // What a text includes, directly or not, each once: the compiler has no files to look into.
    private static List<KernelHeader> HeadersOf(string text)
    {
        List<KernelHeader> headers = [];
        Add(text);
        return headers;

        void Add(string includer)
        {
            foreach (string name in Include().Matches(includer).Select(static match => match.Groups[1].Value))
            {
                if (!headers.Exists(header => header.Name == name))
                {
                    string included = Read(name);
                    headers.Add(new KernelHeader(name, included));
                    Add(included);
                }
            }
        }
    }

    private static string Alone(string text, string kernel, string file)
    {
        MatchCollection kernels = Begin().Matches(text);
        for (int i = 0; i < kernels.Count; i++)
        {
            if (kernels[i].Groups[1].Value == kernel)
            {
                int end = i + 1 < kernels.Count ? kernels[i + 1].Index : text.Length;
                return string.Concat(text.AsSpan(0, kernels[0].Index), text.AsSpan(kernels[i].Index, end - kernels[i].Index));
            }
        }

        throw new InvalidOperationException($"{file} has no kernel '{kernel}'; it has {string.Join(", ", KernelsOf(file))}.");
    }

    // Not what only the emulator includes (.hpp) or clang (<...>).
    [GeneratedRegex(@"^#include ""(\w+\.cuh)""", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Include();

    [GeneratedRegex(@"^TESSERA_[A-Z_]+\((\w+)", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Begin();
}
