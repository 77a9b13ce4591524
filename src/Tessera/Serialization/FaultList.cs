namespace Tessera.Serialization;

/// <summary>
/// Faults of one file, gathered so that one exception tells them all; long lists are counted instead of flooding the message.
/// </summary>
public sealed class FaultList
{
    private const int Shown = 20;
    private const int ShownLength = 120;

    private readonly List<string> _shown = [];

    /// <summary>All faults, shown or not.</summary>
    public int Count { get; private set; }

    /// <summary>A name or text of a file, cut to what a message can carry and without line breaks.</summary>
    public static string Shorten(string text, int length = ShownLength)
    {
        string cut = text.Length <= length ? text : string.Concat(text.AsSpan(0, length), "...");
        return cut.AsSpan().ContainsAnyInRange('\0', '\x1F') ? string.Concat(cut.Select(static c => c < ' ' ? '?' : c)) : cut;
    }

    /// <summary>Notes a fault.</summary>
    public void Add(string fault)
    {
        Count++;
        if (_shown.Count < Shown)
        {
            _shown.Add(Shorten(fault, 3 * ShownLength));
        }
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join("; ", _shown) + (Count > Shown ? $"; and {Count - Shown} more" : "");
}
