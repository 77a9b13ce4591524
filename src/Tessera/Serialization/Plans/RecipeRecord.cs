using Tessera.Layout;
using Tessera.Quantization;

namespace Tessera.Serialization.Plans;

/// <summary>
/// A recipe in a plan file. Names of formats and granularities are those of the enums; custom recipes are stored like known ones.
/// </summary>
internal sealed record RecipeRecord(
    string Name, RecipeRecord.Operand Query, RecipeRecord.Operand Key, RecipeRecord.ProbabilityPart Probability, RecipeRecord.Operand Value,
    bool SmoothKey, bool SmoothQuery, bool SmoothValue, bool Hadamard)
{
    /// <summary>The record of a recipe.</summary>
    public static RecipeRecord Of(QuantizationRecipe recipe) => new(
        recipe.Name, Operand.Of(recipe.Query), Operand.Of(recipe.Key), ProbabilityPart.Of(recipe.Probability), Operand.Of(recipe.Value),
        recipe.SmoothKey, recipe.SmoothQuery, recipe.SmoothValue, recipe.Hadamard);

    /// <summary>The recipe of the record.</summary>
    /// <exception cref="FormatException">A name is unknown.</exception>
    public QuantizationRecipe ToRecipe() => new()
    {
        Name = Name,
        Query = Query.ToFormat(),
        Key = Key.ToFormat(),
        Probability = Probability.ToFormat(),
        Value = Value.ToFormat(),
        SmoothKey = SmoothKey,
        SmoothQuery = SmoothQuery,
        SmoothValue = SmoothValue,
        Hadamard = Hadamard,
    };

    /// <summary>Format of Q, K or V.</summary>
    internal sealed record Operand(string Format, string Granularity, int Group, int[] Tile)
    {
        public static Operand Of(OperandFormat format) =>
            new(
                format.Format.ToString(), format.Granularity.ToString(), format.Group,
                [format.Tile.Frames, format.Tile.Height, format.Tile.Width]);

        public OperandFormat ToFormat() => new(
            EnumName.Parse<NumberFormat>(Format),
            EnumName.Parse<QuantizationGranularity>(Granularity),
            Group,
            Tile is [int frames, int height, int width]
                ? new TileShape(frames, height, width)
                : throw new FormatException(
                    $"a scale tile has {Tile.Length} sizes; wanted 3"));
    }

    /// <summary>Format of P.</summary>
    internal sealed record ProbabilityPart(string Format, string Reference, string Denominator, string Rounding, float Scale)
    {
        public static ProbabilityPart Of(ProbabilityFormat format) =>
            new(
                format.Format.ToString(), format.Reference.ToString(), format.Denominator.ToString(), format.Rounding.ToString(),
                format.Scale);

        public ProbabilityFormat ToFormat() => new(
            EnumName.Parse<NumberFormat>(Format),
            EnumName.Parse<ProbabilityReference>(Reference),
            EnumName.Parse<SoftmaxDenominator>(Denominator),
            EnumName.Parse<CodeRounding>(Rounding),
            Scale);
    }
}
