namespace Tessera.Media.Heads;

/// <summary>How a clip becomes heads; see <see cref="ClipHeads"/>.</summary>
public sealed record ClipHeadsOptions
{
    /// <summary>Heads, at least 1. Head h takes kind h modulo the number of kinds; each further round widens the reaches by half.</summary>
    public int Heads { get; init; } = 6;

    /// <summary>Channels of a head, 8 to 256.</summary>
    public int HeadDim { get; init; } = 64;

    /// <summary>Pixels of a token.</summary>
    public ClipPatch Patch { get; init; } = ClipPatch.Default;

    /// <summary>Divides all logits: above 1 flattens attention, below 1 sharpens it.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Pixels around the patch that its content features also see, on each side within the frame; -1 means half a patch.</summary>
    public int ContextMargin { get; init; } = -1;

    /// <summary>Kinds of heads; empty means <see cref="ClipHeadKind.DefaultsFor"/> the clip's grid.</summary>
    public IReadOnlyList<ClipHeadKind> Kinds { get; init; } = [];
}
