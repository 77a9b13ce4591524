using System.Collections.Immutable;

namespace Tessera.Backends.Cpu.Costs;

/// <summary>The JSON of cost constants.</summary>
/// <param name="Version">Of the document; a change of terms makes a new one.</param>
/// <param name="Machine">What the constants belong to.</param>
/// <param name="WakeSeconds">Seconds until sleeping threads start.</param>
/// <param name="Recipes">Kind of recipe to thread-seconds of each term.</param>
/// <param name="Functors">Functor to thread-seconds of one pair.</param>
internal sealed record CostDocument(
    int Version, string Machine, double WakeSeconds, Dictionary<string, Dictionary<string, double>> Recipes,
    Dictionary<string, double> Functors)
{
    public const int CurrentVersion = 1;

    public static CostDocument Of(CpuCostConstants constants) => new(
        CurrentVersion, constants.Machine, constants.WakeSeconds,
        constants.Recipes.ToDictionary(
            static pair => pair.Key,
            static pair => Enum.GetValues<CostTerm>().ToDictionary(static term => term.ToString(), term => pair.Value[term])),
        constants.Functors.ToDictionary());

    /// <exception cref="FormatException">A version, term or number that this build does not know.</exception>
    public CpuCostConstants ToConstants()
    {
        if (Version != CurrentVersion)
        {
            throw new FormatException($"Cost constants have version {Version}; wanted {CurrentVersion}.");
        }

        RequireSeconds("wakeSeconds", WakeSeconds);
        foreach ((string functor, double seconds) in Functors)
        {
            RequireSeconds(functor, seconds);
        }

        return new CpuCostConstants(
            Machine, WakeSeconds, Recipes.ToImmutableDictionary(static pair => pair.Key, static pair => Costs(pair.Key, pair.Value)),
            Functors.ToImmutableDictionary());
    }

    private static KernelCosts Costs(string kind, Dictionary<string, double> terms)
    {
        double[] seconds = new double[KernelCosts.Terms];
        if (terms.Count != seconds.Length)
        {
            throw new FormatException($"Cost constants of '{kind}' have {terms.Count} terms; wanted {seconds.Length}.");
        }

        foreach (CostTerm term in Enum.GetValues<CostTerm>())
        {
            seconds[(int)term] = terms.TryGetValue(term.ToString(), out double value)
                ? value
                : throw new FormatException($"Cost constants of '{kind}' lack the term {term}.");
        }

        return new KernelCosts(seconds);
    }

    private static void RequireSeconds(string name, double seconds)
    {
        if (!(double.IsFinite(seconds) && seconds >= 0))
        {
            throw new FormatException($"Cost constant {name} is {seconds}; wanted finite seconds of at least 0.");
        }
    }
}
