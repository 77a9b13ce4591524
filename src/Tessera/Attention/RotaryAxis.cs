namespace Tessera.Attention;

/// <summary>Channels that one axis of a rotary embedding turns.</summary>
/// <param name="First">First channel; even.</param>
/// <param name="Channels">Channels; even.</param>
/// <param name="Table">Where its rows begin in the table of factors; a row is Channels cosines, then Channels signed sines.</param>
internal readonly record struct RotaryAxis(int First, int Channels, int Table);
