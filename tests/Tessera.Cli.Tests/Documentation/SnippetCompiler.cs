using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace Tessera.Cli.Tests.Documentation;

/// <summary>The compiler of the SDK that built these tests, over snippets: no package, and the language of the repository.</summary>
internal static class SnippetCompiler
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    /// <summary>The compiler; null where there is a runtime but no SDK.</summary>
    public static string? Find() => Directory.Exists(Path.Combine(Root, "sdk"))
        ? Directory.EnumerateDirectories(Path.Combine(Root, "sdk"), $"{Environment.Version.Major}.*").Order(StringComparer.Ordinal)
            .Select(static sdk => Path.Combine(sdk, "Roslyn", "bincore", "csc.dll")).LastOrDefault(File.Exists)
        : null;

    /// <summary>Compiles sources together against all packages and the runtime.</summary>
    /// <param name="compiler">The compiler.</param>
    /// <param name="folder">For sources and output.</param>
    /// <param name="sources">Texts by file name.</param>
    /// <param name="packages">Assemblies whose namespaces are in scope.</param>
    /// <returns>Errors, a line each; empty where all compile.</returns>
    public static string[] Compile(string compiler, string folder, IReadOnlyDictionary<string, string> sources, IReadOnlyList<Assembly> packages)
    {
        IEnumerable<string> namespaces = packages.SelectMany(static package => package.GetExportedTypes())
            .Select(static type => type.Namespace!).Concat(["System", "System.Threading.Tasks", "System.Numerics.Tensors"]).Distinct();
        StringBuilder response = new();
        response.AppendLine("-nologo -target:library -nullable:enable -unsafe -langversion:latest -warnaserror- -nowarn:CS8321,CS0219,CS0168 -nostdlib");
        response.Append("-out:").AppendLine(Quoted(Path.Combine(folder, "snippets.dll")));
        IEnumerable<string> references = Directory.EnumerateFiles(RuntimeEnvironment.GetRuntimeDirectory(), "*.dll").Where(IsManaged)
            .Concat(packages.Select(static package => package.Location)).Append(typeof(System.Numerics.Tensors.TensorSpan<float>).Assembly.Location);
        foreach (string reference in references)
        {
            response.Append("-reference:").AppendLine(Quoted(reference));
        }

        foreach ((string name, string text) in sources.Append(new("Usings.cs", string.Concat(namespaces.Select(static name => $"global using {name};\n")))))
        {
            string path = Path.Combine(folder, name);
            File.WriteAllText(path, text);
            response.AppendLine(Quoted(path));
        }

        string file = Path.Combine(folder, "snippets.rsp");
        File.WriteAllText(file, response.ToString());
        using Process process = Process.Start(new ProcessStartInfo(Path.Combine(Root, "dotnet"), ["exec", compiler, "-noconfig", $"@{file}"])
        {
            RedirectStandardOutput = true,
        })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        string[] errors = [.. output.Split('\n').Where(static line => line.Contains(": error ", StringComparison.Ordinal) || line.StartsWith("error ", StringComparison.Ordinal))];
        return process.ExitCode == 0 || errors.Length > 0 ? errors : [output];
    }

    private static string Quoted(string path) => $"\"{path}\"";

    private static bool IsManaged(string path)
    {
        string name = Path.GetFileName(path);
        return name is "mscorlib.dll" or "netstandard.dll" or "Microsoft.CSharp.dll" or "System.dll"
            || name.StartsWith("System.", StringComparison.Ordinal) && !name.Contains("Native", StringComparison.Ordinal);
    }
}
