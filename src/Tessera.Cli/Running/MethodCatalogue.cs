using Tessera.Methods;

namespace Tessera.Cli.Running;

/// <summary>The library's methods as the command line offers them.</summary>
internal static class MethodCatalogue
{
    // What these compute does not depend on a density: every block.
    private static readonly string[] WithoutDensity = ["dense", "sage"];

    public static IReadOnlyList<string> Names => KnownMethods.Names;

    /// <summary>Whether a density means something to a method.</summary>
    public static bool TakesDensity(string name) => !WithoutDensity.Contains(name);

    /// <summary>Makes a method.</summary>
    /// <exception cref="CommandException">A density below 1 was asked of a method that computes every block.</exception>
    public static IAttentionMethod Create(string name, double? density, BackendCatalogue backends)
    {
        if (density is < 1 && !TakesDensity(name))
        {
            throw CommandException.Usage(
                $"--density {density:0.###} does not fit method {name}, which computes every block; leave --density out or take paro, fps, "
                + "sta, svg or sparge.");
        }

        return KnownMethods.Create(name, density, backends.MapReader);
    }
}
