using System.Globalization;

namespace Tessera.Cli.Comparing;

/// <summary>One method at one density in one format.</summary>
/// <param name="Method">Method.</param>
/// <param name="Density">Density, or null for methods that have none.</param>
/// <param name="Recipe">Recipe name, or null for the method's own.</param>
internal sealed record MethodVariant(string Method, double? Density, string? Recipe)
{
    public override string ToString() =>
        $"{Method}{(Density is { } density ? string.Create(CultureInfo.InvariantCulture, $" at {density:0.##}") : "")}"
        + $"{(Recipe is null ? "" : $" in {Recipe}")}";
}
