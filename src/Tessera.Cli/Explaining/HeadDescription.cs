using Tessera.Layout;

namespace Tessera.Cli.Explaining;

/// <summary>A head's kind and what that means, in words a newcomer understands.</summary>
/// <param name="Kind">One or two words: spatial, temporal, isotropic and so on.</param>
/// <param name="Sentence">What it does, and which order suits it.</param>
internal sealed record HeadDescription(string Kind, string Sentence)
{
    private const double TextDominates = 0.5;

    // A row shared by fewer keys than one 64-token block of a hundred is a diagonal for every order.
    private const double DiagonalKeys = 4;

    public static HeadDescription Of(HeadProfile profile, TokenGrid grid)
    {
        if (profile.TextMass > TextDominates)
        {
            return new HeadDescription(
                "text",
                $"It mostly reads the text: {profile.TextMass:0%} of the attention of video tokens goes to the {grid.TextTokens} text "
                + "tokens.");
        }

        if (profile.EffectiveKeys < DiagonalKeys)
        {
            return new HeadDescription(
                "diagonal",
                $"It looks at very few tokens (about {profile.EffectiveKeys:0.0} each): nearly a diagonal, sparse in every order.");
        }

        return (profile.IsLocal(GridAxis.Frame), profile.IsLocal(GridAxis.Height), profile.IsLocal(GridAxis.Width)) switch
        {
            (true, true, true) => new(
                "isotropic",
                "It looks around itself: near in time and near in the frame. Orders that keep a small 3D neighbourhood together suit "
                + "it."),
            (true, false, false) => new(
                "spatial",
                "It looks over its own frame and hardly at others. The natural order, with whole frames one after another, suits it."),
            (false, true, true) =>
                new("temporal", "It looks at the same place in all frames. An order with frames innermost puts those tokens side by side."),
            (true, true, false) => new("row", "It looks along its own row of its own time. An order with columns innermost suits it."),
            (true, false, true) => new("column", "It looks along its own column of its own time. An order with rows innermost suits it."),
            (false, true, false) => new("row over time", "It looks at the same row in all frames. An order with rows outermost suits it."),
            (false, false, true) =>
                new("column over time", "It looks at the same column in all frames. An order with columns outermost suits it."),
            _ => new(
                "global",
                "It looks everywhere; what it sees follows content and not place. No order gathers it, so it needs more blocks than "
                + "the others."),
        };
    }
}
