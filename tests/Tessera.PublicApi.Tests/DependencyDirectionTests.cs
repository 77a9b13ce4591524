using System.Text.RegularExpressions;
using System.Xml.Linq;
using Tessera.TestKit;
using Xunit;

namespace Tessera.PublicApi.Tests;

/// <summary>
/// Arrows point down only: between projects by their references, inside the core by its using lines. A method is a paper, a backend is a
/// machine, and neither knows the other; plans are all that passes between them.
/// </summary>
public sealed partial class DependencyDirectionTests
{
    /// <summary>Projects that each project may reference.</summary>
    private static readonly Dictionary<string, string[]> Projects = new()
    {
        ["Tessera"] = [],
        ["Tessera.Media"] = ["Tessera"],
        ["Tessera.Neural"] = ["Tessera"],
        ["Tessera.Wan"] = ["Tessera", "Tessera.Media", "Tessera.Neural"],
        ["Tessera.Cuda"] = ["Tessera"],
        ["Tessera.Cli"] = ["Tessera", "Tessera.Cuda", "Tessera.Media", "Tessera.Wan"],
    };

    /// <summary>Namespaces of the core that each of its namespaces may use beside itself.</summary>
    private static readonly Dictionary<string, string[]> Core = new()
    {
        ["Layout"] = [],
        ["Numerics"] = [],
        ["Fidelity"] = [],
        ["Masks"] = ["Layout"],
        ["Quantization"] = ["Layout", "Numerics"],
        ["Attention"] = ["Layout", "Masks", "Numerics", "Quantization"],
        ["Serialization"] = ["Layout", "Masks", "Numerics", "Quantization", "Attention"],
        ["Synthesis"] = ["Layout", "Numerics", "Attention"],
        ["Methods"] = ["Layout", "Masks", "Numerics", "Quantization", "Attention", "Fidelity", "Synthesis"],
        ["Backends"] = ["Layout", "Masks", "Numerics", "Quantization", "Attention", "Serialization"],
    };

    [Fact]
    public void Project_references_point_down()
    {
        foreach (string path in Directory.EnumerateFiles(Path.Combine(TestRoots.Repository, "src"), "*.csproj", SearchOption.AllDirectories))
        {
            string project = Path.GetFileNameWithoutExtension(path);
            Assert.True(Projects.TryGetValue(project, out string[]? allowed), $"{project} is new: say here what it may reference.");
            IEnumerable<string> references = XDocument.Load(path).Descendants("ProjectReference")
                .Select(static reference => Path.GetFileNameWithoutExtension(((string)reference.Attribute("Include")!).Replace('\\', '/')));
            Assert.Empty(references.Except(allowed));
        }
    }

    [Fact]
    public void Using_lines_inside_the_core_point_down()
    {
        string root = Path.Combine(TestRoots.Repository, "src", "Tessera");
        List<string> faults = [];
        foreach (string folder in Directory.EnumerateDirectories(root).Where(static folder => Path.GetFileName(folder) is not ("bin" or "obj")))
        {
            string area = Path.GetFileName(folder);
            Assert.True(Core.TryGetValue(area, out string[]? allowed), $"src/Tessera/{area} is new: say here what it may use.");
            foreach (string file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
            {
                foreach (Match used in CoreNamespace().Matches(File.ReadAllText(file)))
                {
                    string other = used.Groups[1].Value;
                    if (other != area && Core.ContainsKey(other) && !allowed.Contains(other))
                    {
                        faults.Add($"{Path.GetRelativePath(root, file)} uses Tessera.{other}");
                    }
                }
            }
        }

        Assert.Empty(faults);
    }

    [Fact]
    public void Attention_code_never_calls_the_softmax_that_does_not_subtract_the_maximum()
    {
        IEnumerable<string> users = Directory.EnumerateFiles(Path.Combine(TestRoots.Repository, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(static file => File.ReadAllText(file).Contains("TensorPrimitives.SoftMax", StringComparison.Ordinal));

        Assert.Empty(users);
    }

    [GeneratedRegex(@"^(?:global )?using (?:static )?Tessera\.(\w+)", RegexOptions.Multiline)]
    private static partial Regex CoreNamespace();
}
