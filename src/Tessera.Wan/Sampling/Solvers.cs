namespace Tessera.Wan.Sampling;

/// <summary>Names of solvers.</summary>
public static class Solvers
{
    private static readonly (Solver Solver, string Name, string Table)[] Rows =
    [
        (Solver.UniPc, "unipc", "unipc_wan"),
        (Solver.UniPcDiffusers, "unipc-diffusers", "unipc_diffusers"),
        (Solver.Euler, "euler", "euler_diffusers"),
        (Solver.DpmPlusPlus, "dpm++", "dpmpp_wan"),
    ];

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Rows.Select(static row => row.Name)];

    /// <summary>Name of a solver: unipc, unipc-diffusers, euler or dpm++.</summary>
    public static string Name(this Solver solver) => Row(solver).Name;

    /// <summary>Name of a solver's table of noise levels: the method and the program that defines it.</summary>
    public static string TableName(this Solver solver) => Row(solver).Table;

    /// <summary>The solver of a name.</summary>
    /// <exception cref="FormatException">There is none of that name; the message lists all.</exception>
    public static Solver Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        foreach ((Solver solver, string known, _) in Rows)
        {
            if (known.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return solver;
            }
        }

        throw new FormatException($"Solver '{name}' is unknown; wanted one of {string.Join(", ", Names)}.");
    }

    private static (Solver Solver, string Name, string Table) Row(Solver solver) =>
        (uint)solver < (uint)Rows.Length
            ? Rows[(int)solver]
            : throw new ArgumentOutOfRangeException(nameof(solver), solver, "Wanted a solver of the enumeration.");
}
