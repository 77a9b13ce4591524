namespace Tessera.Attention;

/// <summary>
/// Channels that one axis of a rotary embedding turns, and its table of factors: a row per position, a row the blocks of 16 channels that
/// the axis touches, a block 16 cosines and then 16 signed sines. Lanes of other axes are 0, so that factors of a shared block add up.
/// </summary>
internal readonly struct RotaryAxis
{
    /// <summary>Channels of a block: lanes of the widest register.</summary>
    public const int BlockChannels = 16;

    /// <summary>Floats of a block.</summary>
    public const int BlockFloats = 2 * BlockChannels;

    /// <summary>Places an axis.</summary>
    /// <param name="first">First channel; even.</param>
    /// <param name="channels">Channels; even.</param>
    /// <param name="table">Where its rows begin in the table of all axes.</param>
    public RotaryAxis(int first, int channels, int table)
    {
        First = first;
        Channels = channels;
        Table = table;
        FirstBlock = first / BlockChannels;
        EndBlock = channels == 0 ? FirstBlock : ((first + channels - 1) / BlockChannels) + 1;
    }

    public int First { get; }

    public int Channels { get; }

    public int Table { get; }

    /// <summary>First block of channels that the axis touches.</summary>
    public int FirstBlock { get; }

    /// <summary>Block behind the last one.</summary>
    public int EndBlock { get; }

    /// <summary>Floats of a row.</summary>
    public int RowFloats => (EndBlock - FirstBlock) * BlockFloats;

    /// <summary>Where the cosine of a channel lies at a position; its sine lies BlockChannels further.</summary>
    public int CosineOf(int position, int channel) =>
        Table + (position * RowFloats) + (((channel / BlockChannels) - FirstBlock) * BlockFloats) + (channel % BlockChannels);
}
