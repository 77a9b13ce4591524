using System.Text.Json;
using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;
using Tessera.Serialization;

namespace Tessera.Cli.Plans;

/// <summary>Documents to plan files, trusting nothing in them.</summary>
internal static class PlanDocumentReader
{
    // Blocks of one mask: half a gigabyte of bits. A lie about sizes must not cost more than that.
    private const long MostMaskBlocks = 1L << 32;

    /// <exception cref="CommandException">The text is no plan document, or its parts do not fit.</exception>
    public static PlanFile Read(string json, string source)
    {
        try
        {
            PlanDocument document = JsonSerializer.Deserialize(json, PlanJsonContext.Default.PlanDocument)
                ?? throw new FormatException("the document is null");
            if (document.Version != PlanDocument.CurrentVersion)
            {
                throw new FormatException($"the document has version {document.Version}; version {PlanDocument.CurrentVersion} is read");
            }

            AttentionPlan[] plans = [.. document.Plans.Select(Build)];
            ScheduleDocument schedule = document.Schedule;
            return new PlanFile
            {
                Model = document.Model,
                Properties = document.Properties,
                KeptMass = document.KeptMass,
                Schedule = new PlanSchedule(
                    schedule.Name, plans, Name<ScheduleAxis>(schedule.Axis), schedule.NoiseBoundaries, schedule.Table, schedule.Layers,
                    new DensePolicy(schedule.FirstDenseSteps, schedule.FirstDenseLayers), schedule.DensePlan),
            };
        }
        catch (Exception exception)
            when (exception is JsonException or FormatException or ArgumentException or PlanMismatchException or InvalidOperationException)
        {
            throw CommandException.BadInput($"{source} is no plan document: {CommandFailure.Of(exception).Line}", exception);
        }
    }

    /// <summary>The axis order of a name over a grid, padded as said; null when the name is none.</summary>
    public static TokenOrder? AxisOrder(string name, int alignment, TokenGrid grid)
    {
        AxisOrder? axes = Layout.AxisOrder.All
            .Where(order => order.ToString() == name)
            .Select(static order => (AxisOrder?)order)
            .FirstOrDefault();
        return axes is { } known
            ? alignment == 1 ? TokenOrder.ForAxisOrder(grid, known) : TokenOrder.ForAxisOrder(grid, known).PaddedTo(alignment)
            : null;
    }

    private static AttentionPlan Build(SinglePlanDocument document)
    {
        TokenGrid? grid = document.Grid is null ? null : TokenGrid.Parse(document.Grid);
        ShapeDocument shape = document.Shape;
        AttentionPlan plan = new()
        {
            Name = document.Name,
            Shape = new AttentionShape(shape.Batch, shape.Heads, shape.QueryLength, shape.KeyLength, shape.HeadDim),
            Grid = grid,
            Scale = document.Scale,
            Normalization = Name<SoftmaxNormalization>(document.Normalization),
            ProbabilitySkipThreshold = document.ProbabilitySkipThreshold,
            Recipe = Build(document.Recipe),
            Orders = [.. document.Orders.Select(order => Build(order, grid))],
            Mask = Build(document.Mask),
        };
        plan.Validate();
        return plan;
    }

    private static TokenOrder Build(OrderDocument document, TokenGrid? grid)
    {
        if (document.TokenAtSlot is { } tokens)
        {
            return new TokenOrder(tokens, document.Name, document.Alignment);
        }

        return grid is { } known && document.Axes is { } axes && AxisOrder(axes, document.Alignment, known) is { } order
            ? order
            : throw new FormatException($"order '{document.Name}' has neither tokenAtSlot nor axes of a known grid");
    }

    private static BlockMask Build(MaskDocument document)
    {
        if (document.BlockSize is not [>= 1, >= 1] || document.QuerySlots < 1 || document.KeySlots < 1 || document.Heads.Count < 1
            || (double)document.Heads.Count * (document.QuerySlots / document.BlockSize[0])
                * (document.KeySlots / document.BlockSize[1]) > MostMaskBlocks)
        {
            throw new FormatException("the mask has impossible sizes");
        }

        BlockMaskBuilder builder = new(
            document.Heads.Count, document.QuerySlots, document.KeySlots, new BlockSize(document.BlockSize[0], document.BlockSize[1]));
        for (int head = 0; head < document.Heads.Count; head++)
        {
            if (document.Heads[head].Length != builder.QueryBlocks)
            {
                throw new FormatException($"mask head {head} has {document.Heads[head].Length} rows; its slots need {builder.QueryBlocks}");
            }

            for (int row = 0; row < builder.QueryBlocks; row++)
            {
                foreach ((int first, int last) in BlockRanges.Parse(document.Heads[head][row], builder.KeyBlocks))
                {
                    builder.KeepRange(head, row, first, last + 1);
                }
            }
        }

        return builder.Build();
    }

    private static QuantizationRecipe Build(RecipeDocument document) => new()
    {
        Name = document.Name,
        Query = Build(document.Query),
        Key = Build(document.Key),
        Probability = new ProbabilityFormat(
            Name<NumberFormat>(document.Probability.Format), Name<ProbabilityReference>(document.Probability.Reference),
            Name<SoftmaxDenominator>(document.Probability.Denominator), Name<CodeRounding>(document.Probability.Rounding),
            document.Probability.Scale),
        Value = Build(document.Value),
        SmoothKey = document.SmoothKey,
        SmoothQuery = document.SmoothQuery,
        SmoothValue = document.SmoothValue,
        Hadamard = document.Hadamard,
    };

    private static OperandFormat Build(OperandDocument document)
    {
        TileShape tile = default;
        if (document.Tile is { } text)
        {
            TokenGrid sizes = TokenGrid.Parse(text);
            tile = new TileShape(sizes.Frames, sizes.Height, sizes.Width);
        }

        return new OperandFormat(
            Name<NumberFormat>(document.Format), Name<QuantizationGranularity>(document.Granularity), document.Group, tile);
    }

    // Enum.Parse would also take numbers and combinations.
    private static T Name<T>(string name)
        where T : struct, Enum =>
        Array.IndexOf(Enum.GetNames<T>(), name) >= 0
            ? Enum.Parse<T>(name)
            : throw new FormatException($"'{name}' is no {typeof(T).Name}; wanted one of {string.Join(", ", Enum.GetNames<T>())}");
}
