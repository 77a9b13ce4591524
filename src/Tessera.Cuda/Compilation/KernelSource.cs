using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Tessera.Cuda.Compilation;

/// <summary>The text of a module with its headers, and its identity. Immutable.</summary>
/// <param name="Name">Name of the source for messages of the compiler.</param>
/// <param name="Text">The <c>.cu</c> file.</param>
/// <param name="Headers">What it includes.</param>
internal sealed record KernelSource(string Name, string Text, IReadOnlyList<KernelHeader> Headers)
{
    /// <summary>Reads a module from the resources of this assembly.</summary>
    /// <exception cref="InvalidOperationException">A resource is missing: the package was built wrongly.</exception>
    public static KernelSource Load(KernelModule module) => new(
        module.SourceFile, ReadResource(module.SourceFile),
        [.. module.Headers.Select(static header => new KernelHeader(header, ReadResource(header)))]);

    /// <summary>
    /// Identity of what is computed: SHA-256 over the options and every file with comments, indentation and blank lines taken out, so that
    /// a verification on hardware outlives a better comment and nothing else.
    /// </summary>
    public string Fingerprint(IEnumerable<string> options)
    {
        StringBuilder text = new();
        text.AppendJoin(' ', options).Append('\n');
        foreach (KernelHeader file in Headers.Append(new KernelHeader(Name, Text)))
        {
            text.Append("#file ").Append(file.Name).Append('\n').Append(WithoutComments(file.Text));
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>C++ text without comments, indentation, trailing space and blank lines. Literals stay as they are.</summary>
    public static string WithoutComments(string text)
    {
        StringBuilder kept = new(text.Length);
        int i = 0;
        while (i < text.Length)
        {
            char c = text[i];
            char next = i + 1 < text.Length ? text[i + 1] : '\0';
            if (c == '/' && next == '/')
            {
                i = text.IndexOf('\n', i) is int end and >= 0 ? end : text.Length;
            }
            else if (c == '/' && next == '*')
            {
                i = text.IndexOf("*/", i + 2, StringComparison.Ordinal) is int end and >= 0 ? end + 2 : text.Length;
                kept.Append(' ');
            }
            else if (c is '"' or '\'')
            {
                int end = EndOfLiteral(text, i);
                kept.Append(text, i, end - i);
                i = end;
            }
            else
            {
                kept.Append(c);
                i++;
            }
        }

        StringBuilder lines = new(kept.Length);
        foreach (ReadOnlySpan<char> line in kept.ToString().AsSpan().EnumerateLines())
        {
            ReadOnlySpan<char> trimmed = line.Trim();
            if (!trimmed.IsEmpty)
            {
                lines.Append(trimmed).Append('\n');
            }
        }

        return lines.ToString();
    }

    /// <summary>Text of a resource of this assembly, or null.</summary>
    public static Stream? OpenResource(string name) => Assembly.GetExecutingAssembly().GetManifestResourceStream(name);

    private static int EndOfLiteral(string text, int start)
    {
        // A digit separator (1'000) is no literal; it stays a character of its own.
        if (text[start] == '\'' && start > 0 && char.IsAsciiHexDigit(text[start - 1]))
        {
            return start + 1;
        }

        int i = start + 1;
        while (i < text.Length && text[i] != text[start] && text[i] != '\n')
        {
            i += text[i] == '\\' ? 2 : 1;
        }

        return Math.Min(i + 1, text.Length);
    }

    private static string ReadResource(string name)
    {
        using Stream stream = OpenResource(name)
            ?? throw new InvalidOperationException($"Resource {name} is missing from {typeof(KernelSource).Assembly.GetName().Name}.");
        using StreamReader reader = new(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
