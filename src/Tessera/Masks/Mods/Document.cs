using System.Collections.Immutable;

namespace Tessera.Masks.Mods;

/// <summary>Several sequences packed into one: a query sees the keys of its own document only (jagged batches).</summary>
public readonly record struct Document : IMaskMod
{
    private readonly ImmutableArray<int> _starts;

    private Document(ImmutableArray<int> starts) => _starts = starts;

    /// <summary>Number of documents.</summary>
    public int Count => _starts.Length - 1;

    /// <summary>First token of each document, and the end of the last.</summary>
    internal ReadOnlySpan<int> Starts => _starts.AsSpan();

    /// <summary>Documents of the given lengths, one after the other.</summary>
    /// <exception cref="ArgumentException">No lengths, or one below 1.</exception>
    public static Document OfLengths(params ReadOnlySpan<int> lengths)
    {
        ImmutableArray<int>.Builder starts = ImmutableArray.CreateBuilder<int>(lengths.Length + 1);
        starts.Add(0);
        foreach (int length in lengths)
        {
            if (length < 1)
            {
                throw new ArgumentException($"Document {starts.Count - 1} has {length} tokens; wanted at least 1.", nameof(lengths));
            }

            starts.Add(checked(starts[^1] + length));
        }

        return starts.Count > 1
            ? new Document(starts.MoveToImmutable())
            : throw new ArgumentException("Wanted at least one document.", nameof(lengths));
    }

    /// <inheritdoc/>
    public bool Allows(TokenPair pair) => DocumentOf(pair.Query) == DocumentOf(pair.Key);

    /// <inheritdoc/>
    public BlockCoverage Classify(int head, int queryStart, int queryCount, int keyStart, int keyCount)
    {
        int firstQuery = DocumentOf(queryStart);
        int lastQuery = DocumentOf(queryStart + queryCount - 1);
        int firstKey = DocumentOf(keyStart);
        int lastKey = DocumentOf(keyStart + keyCount - 1);
        return firstQuery == lastQuery && firstKey == lastKey && firstQuery == firstKey ? BlockCoverage.Full
            : lastQuery < firstKey || lastKey < firstQuery ? BlockCoverage.Empty
            : BlockCoverage.Partial;
    }

    /// <summary>Equal documents have equal lengths.</summary>
    public bool Equals(Document other) => _starts.AsSpan().SequenceEqual(other._starts.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_starts.Length, _starts[^1]);

    /// <inheritdoc/>
    public override string ToString() => $"documents-{Count}-of-{_starts[^1]}";

    // Tokens behind the last document belong to none of them, and so to one of their own.
    private int DocumentOf(int token)
    {
        int found = _starts.AsSpan().BinarySearch(token);
        return found >= 0 ? found : ~found - 1;
    }
}
