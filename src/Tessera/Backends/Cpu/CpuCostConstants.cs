using System.Collections.Immutable;
using System.Text.Json;
using Tessera.Backends.Cpu.Costs;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu;

/// <summary>
/// What <see cref="CpuCostModel"/> has measured on one machine: thread-seconds of units of work for each kind of recipe, and of one call of
/// each mask predicate or score functor that was met. Immutable.
/// </summary>
public sealed class CpuCostConstants
{
    internal CpuCostConstants(
        string machine, double wakeSeconds, ImmutableDictionary<string, KernelCosts> recipes, ImmutableDictionary<string, double> functors)
    {
        Machine = machine;
        WakeSeconds = wakeSeconds;
        Recipes = recipes;
        Functors = functors;
    }

    /// <summary>
    /// Processor, instruction set, threads and build that the constants belong to; those of another machine or build predict nothing.
    /// </summary>
    public string Machine { get; }

    /// <summary>Wall seconds until sleeping threads take their first item.</summary>
    public double WakeSeconds { get; }

    /// <summary>Kinds of recipe that can be predicted without measuring.</summary>
    public IEnumerable<string> Kinds => Recipes.Keys.Order(StringComparer.Ordinal);

    internal ImmutableDictionary<string, KernelCosts> Recipes { get; }

    internal ImmutableDictionary<string, double> Functors { get; }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="FormatException">The text is no such document; the message says what is wrong.</exception>
    public static CpuCostConstants FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            CostDocument document = JsonSerializer.Deserialize(json, CostJsonContext.Default.CostDocument)
                ?? throw new FormatException("Cost constants are null; wanted a JSON object.");
            return document.ToConstants();
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new FormatException($"Cost constants cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>The constants as one JSON document; seconds, with the names of the terms in docs/design/cost-model.md.</summary>
    public string ToJson() => JsonSerializer.Serialize(CostDocument.Of(this), CostJsonContext.Default.CostDocument);

    /// <summary>Recipes of one kind share all constants; the name does not matter.</summary>
    internal static string KindOf(QuantizationRecipe recipe) =>
        $"Q {recipe.Query}, K {recipe.Key}, P {recipe.Probability}, V {recipe.Value}"
            + (recipe.SmoothQuery ? ", smooth Q" : "") + (recipe.SmoothKey ? ", smooth K" : "") + (recipe.SmoothValue ? ", smooth V" : "")
            + (recipe.Hadamard ? ", Hadamard" : "");

    internal CpuCostConstants With(string kind, KernelCosts costs) => new(Machine, WakeSeconds, Recipes.SetItem(kind, costs), Functors);

    internal CpuCostConstants WithFunctor(string functor, double seconds) =>
        new(Machine, WakeSeconds, Recipes, Functors.SetItem(functor, seconds));
}
