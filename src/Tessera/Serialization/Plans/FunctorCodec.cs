using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;

namespace Tessera.Serialization.Plans;

/// <summary>
/// The functors of <see cref="Masks.Mods"/> to their records and back. Functors of other assemblies are code and are refused.
/// </summary>
internal static class FunctorCodec
{
    private const int MaximumDepth = 16;

    /// <summary>The record of a mask functor.</summary>
    /// <exception cref="NotSupportedException">It is not one of ours.</exception>
    public static FunctorRecord Encode(IMaskMod mod) => mod switch
    {
        Everything => new("everything"),
        Causal m => new("causal", [m.Offset]),
        SlidingWindow m => new("sliding-window", [m.Radius]),
        Dilated m => new("dilated", [m.Radius, m.Dilation]),
        PrefixLm m => new("prefix-lm", [m.PrefixLength]),
        Document m => new("documents", m.Starts.ToArray()),
        SpatialBand m => new("spatial-band", [m.RadiusFrames], Grid: m.Grid.ToString()),
        TemporalBand m => new("temporal-band", [m.RadiusHeight, m.RadiusWidth], Grid: m.Grid.ToString()),
        Natten3D m => new("natten", [m.RadiusFrames, m.RadiusHeight, m.RadiusWidth], Grid: m.Grid.ToString()),
        TiledNatten3D m => new("tiled-natten", [.. Sizes(m.Tile), m.RadiusFrames, m.RadiusHeight, m.RadiusWidth], Grid: m.Grid.ToString()),
        SlidingTile3D m =>
            new("sliding-tile", [.. Sizes(m.Tile), m.Window.Frames, m.Window.Height, m.Window.Width], Grid: m.Grid.ToString()),
        ICompositeMaskMod m => new(m.Operator, First: Encode(m.First), Second: m.Second is null ? null : Encode(m.Second)),
        _ => throw Foreign("mask", mod.ToString(), mod.GetType()),
    };

    /// <summary>The record of a score functor.</summary>
    /// <exception cref="NotSupportedException">It is not one of ours.</exception>
    public static FunctorRecord Encode(IScoreMod mod) => mod switch
    {
        Unchanged => new("unchanged"),
        Alibi m => new("alibi", [m.Heads]),
        SoftCap m => new("soft-cap", Values: [m.Cap]),
        RelativePositionBias m => new("relative-bias", Values: m.Table.ToArray()),
        _ => throw Foreign("score", mod.ToString(), mod.GetType()),
    };

    /// <summary>The mask functor of a record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="shape">Shape of the plans; a functor's grid must cover its queries and keys.</param>
    /// <exception cref="FormatException">The name or a parameter is none of ours.</exception>
    public static MaskPredicate DecodeMask(FunctorRecord record, AttentionShape shape) => DecodeMask(record, shape, 0);

    /// <summary>The score functor of a record.</summary>
    /// <exception cref="FormatException">The name or a parameter is none of ours.</exception>
    public static ScoreModifier DecodeScore(FunctorRecord record)
    {
        switch (record.Name)
        {
            case "unchanged":
                return ScoreModifier.Of(default(Unchanged));
            case "alibi":
                return ScoreModifier.Of(new Alibi(Integers(record, 1, minimum: 1)[0]));
            case "soft-cap" when record.Values is { Length: 1 } values && values[0] > 0:
                return ScoreModifier.Of(new SoftCap(values[0]));
            case "relative-bias" when record.Values is { } values && values.Length % 2 == 1:
                return ScoreModifier.Of(new RelativePositionBias(values));
            default:
                throw new FormatException($"score functor '{record.Name}' is unknown or lacks its parameters");
        }
    }

    private static MaskPredicate DecodeMask(FunctorRecord record, AttentionShape shape, int depth)
    {
        switch (record.Name)
        {
            case "everything":
                return MaskPredicate.Of(default(Everything));
            case "causal":
                return MaskPredicate.Of(new Causal(Integers(record, 1, int.MinValue)[0]));
            case "sliding-window":
                return MaskPredicate.Of(new SlidingWindow(Integers(record, 1, 0)[0]));
            case "dilated":
                int[] dilated = Integers(record, 2, 0);
                return MaskPredicate.Of(new Dilated(dilated[0], Math.Max(1, dilated[1])));
            case "prefix-lm":
                return MaskPredicate.Of(new PrefixLm(Integers(record, 1, 0)[0]));
            case "documents":
                return MaskPredicate.Of(Document.OfLengths(Lengths(record)));
            case "and" or "or" when depth < MaximumDepth && record is { First: { } first, Second: { } second }:
                return MaskPredicate.Of(
                    new CombinedMask(record.Name, DecodeMask(first, shape, depth + 1), DecodeMask(second, shape, depth + 1)));
            case "not" when depth < MaximumDepth && record is { First: { } only, Second: null }:
                return MaskPredicate.Of(new CombinedMask("not", DecodeMask(only, shape, depth + 1), null));
            default:
                return DecodeGridMask(record, shape);
        }
    }

    private static MaskPredicate DecodeGridMask(FunctorRecord record, AttentionShape shape)
    {
        TokenGrid grid = record.Grid is null ? throw Unknown(record) : TokenGrid.Parse(record.Grid);
        if (grid.Tokens != shape.QueryLength || grid.Tokens != shape.KeyLength)
        {
            throw new FormatException($"mask functor '{record.Name}' is over grid {grid} of {grid.Tokens} tokens, the plans over {shape}");
        }

        switch (record.Name)
        {
            case "spatial-band":
                return MaskPredicate.Of(new SpatialBand(grid, Integers(record, 1, 0)[0]));
            case "temporal-band":
                int[] band = Integers(record, 2, 0);
                return MaskPredicate.Of(new TemporalBand(grid, band[0], band[1]));
            case "natten":
                int[] box = Integers(record, 3, 0);
                return MaskPredicate.Of(new Natten3D(grid, box[0], box[1], box[2]));
            case "tiled-natten":
                int[] tiled = Integers(record, 6, 0);
                return MaskPredicate.Of(new TiledNatten3D(grid, Tile(record), tiled[3], tiled[4], tiled[5]));
            case "sliding-tile":
                int[] sliding = Integers(record, 6, 1);
                return MaskPredicate.Of(new SlidingTile3D(grid, Tile(record), new TileWindow(sliding[3], sliding[4], sliding[5])));
            default:
                throw Unknown(record);
        }
    }

    private static int[] Sizes(TileShape tile) => [tile.Frames, tile.Height, tile.Width];

    private static TileShape Tile(FunctorRecord record)
    {
        int[] sizes = record.Integers![..3];
        return Array.TrueForAll(sizes, static size => size >= 1)
            ? new TileShape(sizes[0], sizes[1], sizes[2])
            : throw new FormatException($"mask functor '{record.Name}' has tile {string.Join('x', sizes)}; sizes start at 1");
    }

    private static int[] Integers(FunctorRecord record, int count, int minimum) =>
        record.Integers is { } integers && integers.Length == count && Array.TrueForAll(integers, integer => integer >= minimum)
            ? integers
            : throw new FormatException($"functor '{record.Name}' needs {count} parameters of at least {minimum}");

    private static int[] Lengths(FunctorRecord record)
    {
        int[] starts = record.Integers ?? [];
        int[] lengths = new int[Math.Max(0, starts.Length - 1)];
        for (int i = 0; i < lengths.Length; i++)
        {
            lengths[i] = starts[0] == 0 && starts[i + 1] > starts[i]
                ? starts[i + 1] - starts[i]
                : throw new FormatException("functor 'documents' needs rising starts from 0");
        }

        return lengths.Length > 0 ? lengths : throw new FormatException("functor 'documents' needs rising starts from 0");
    }

    private static FormatException Unknown(FunctorRecord record) => new(
        $"mask functor '{record.Name}' is unknown, nested too deep or lacks its parameters");

    private static NotSupportedException Foreign(string kind, string? text, Type type) =>
        new(
            $"The {kind} functor {text} ({type.Name}) is code; plan files hold those of Tessera.Masks.Mods and their And, Or and Not. "
                + "Build the plan anew where it is used.");
}
