using Tessera.Attention;
using Tessera.Methods.Dense;
using Tessera.Methods.Fps;
using Tessera.Methods.Paro;
using Tessera.Methods.Sage;
using Tessera.Methods.SlidingTile;
using Tessera.Methods.Sparge;
using Tessera.Methods.SparseVideoGen;

namespace Tessera.Methods;

/// <summary>
/// The methods by name, with their published or recommended settings. FlexAttention is not among them: its functors come from the caller.
/// </summary>
public static class KnownMethods
{
    /// <summary>Names, as <see cref="IAttentionMethod.Name"/> and the command line spell them.</summary>
    public static IReadOnlyList<string> Names { get; } = ["dense", "paro", "fps", "sta", "svg", "sparge", "sage"];

    /// <summary>Makes a method.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="density"> Share of blocks computed, in (0, 1]; null leaves the method's own default. FPS takes the most even window of
    /// at most this density, STA searches one per head within it; Sparge keeps this share of each row on top of its fix blocks. Dense
    /// attention and SageAttention compute every block and pay no attention to it.
    /// </param>
    /// <param name="reader">Reads softmax maps for methods that look at them, offline (PARO, which needs one) or in every call (SVG, which
    /// is slower without); a backend offers one.</param>
    /// <exception cref="ArgumentException">The name is unknown (the message lists the known ones), or the method needs a reader and none is
    /// given.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The density is not in (0, 1].</exception>
    public static IAttentionMethod Create(string name, double? density = null, IAttentionMapReader? reader = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (density is { } share)
        {
            PlanningContextChecks.RequireDensity(share, nameof(density));
        }

        return name switch
        {
            "dense" => new DenseMethod(),
            "paro" => new ParoMethod(Required(reader, name), density is { } d ? new ParoOptions { Density = d } : null),
            "fps" => new FpsMethod(FpsOptions.Default with { Density = density }),
            "sta" => new SlidingTileMethod(new SlidingTileOptions { Density = density, SearchPerHead = density is not null }),
            "svg" => new SparseVideoGenMethod(density is { } d ? new SparseVideoGenOptions { Density = d } : null, reader),
            "sparge" => new SpargeMethod(density is { } d ? new SpargeOptions { TopK = d } : null),
            "sage" => new SageMethod(),
            _ => throw new ArgumentException($"Method '{name}' is unknown; wanted one of {string.Join(", ", Names)}.", nameof(name)),
        };
    }

    private static IAttentionMapReader Required(IAttentionMapReader? reader, string name) =>
        reader ?? throw new ArgumentException(
            $"Method '{name}' looks at softmax maps and needs a map reader; pass the one of a backend.", nameof(reader));
}
