using System.Runtime.CompilerServices;

namespace Tessera.TestKit;

/// <summary>
/// Where recorded golden data lives: <c>TESSERA_FIXTURES</c> and <c>TESSERA_DATA</c>, or folders named shared/fixtures and shared/data
/// beside the repository. Missing data skips a test with the reason, but fails it when <c>CI</c> is set.
/// </summary>
public static class TestRoots
{
    public static string Repository { get; } = FindRepository();

    public static string Fixtures => Root("TESSERA_FIXTURES", "fixtures");

    public static string Data => Root("TESSERA_DATA", "data");

    public static bool IsContinuousIntegration => Environment.GetEnvironmentVariable("CI") is { Length: > 0 } value && value != "false";

    /// <summary>Why a file or folder below a root cannot be used, or null when it can. In CI a missing path throws instead.</summary>
    public static string? MissingReason(string path)
    {
        if (File.Exists(path) || Directory.Exists(path))
        {
            return null;
        }

        string reason = $"{path} is missing; set TESSERA_FIXTURES or TESSERA_DATA to the folder that holds the recorded data.";
        return IsContinuousIntegration ? throw new FileNotFoundException(reason) : reason;
    }

    private static string Root(string variable, string folder) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } set ? set : Path.GetFullPath(Path.Combine(Repository, "..", "shared", folder));

    private static string FindRepository([CallerFilePath] string source = "")
    {
        // Deterministic CI builds rewrite source paths, so look from the test's own folder first.
        foreach (string start in new[] { AppContext.BaseDirectory, Path.GetDirectoryName(source) ?? "." })
        {
            for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "Tessera.slnx")))
                {
                    return folder.FullName;
                }
            }
        }

        throw new DirectoryNotFoundException("No folder above the tests holds Tessera.slnx.");
    }
}
