namespace Tessera.Layout;

/// <summary>
/// An order of tokens in storage: slot s holds token <see cref="TokenAt"/>(s), or padding. Every token stands in exactly one slot.
/// A plain permutation has as many slots as tokens; tile orders add padding slots so that tiles start on block boundaries.
/// Immutable and safe to share between threads.
/// </summary>
/// <remarks>
/// Attention is equivariant under a common order of queries and keys (P' = Pi P Pi^T), so with a dense mask an order changes nothing
/// but memory layout; PAROAttention, STA and FPSAttention are choices of it. Padding stands last within each aligned run of
/// <see cref="Alignment"/> slots, so a kernel needs only a count of valid slots per block.
/// </remarks>
public sealed class TokenOrder : IEquatable<TokenOrder>
{
    /// <summary>What <see cref="TokenAt"/> answers for a padding slot.</summary>
    public const int Padding = -1;

    private readonly int[] _tokenAt;
    private readonly int[] _slotOf;

    /// <summary>Makes an order from the token of each slot.</summary>
    /// <param name="tokenAtSlot">Token of each slot, or <see cref="Padding"/>; each of 0..n-1 exactly once.</param>
    /// <param name="name">Stable, parameter-bearing name for logs and plots, for example <c>HWF</c> or <c>tile-6x8x8</c>.</param>
    /// <param name="alignment">Padding stands last within each run of this many slots; 1 when there is none.</param>
    /// <exception cref="ArgumentException">A token is missing, doubled or out of range, or padding stands before a token of its
    /// run.</exception>
    public TokenOrder(ReadOnlySpan<int> tokenAtSlot, string name, int alignment = 1)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(alignment, 1);
        _tokenAt = tokenAtSlot.ToArray();
        int tokens = 0;
        foreach (int token in _tokenAt)
        {
            tokens += token != Padding ? 1 : 0;
        }

        _slotOf = new int[tokens];
        Array.Fill(_slotOf, Padding);
        for (int slot = 0; slot < _tokenAt.Length; slot++)
        {
            int token = _tokenAt[slot];
            if (token == Padding)
            {
                continue;
            }

            if ((uint)token >= (uint)tokens)
            {
                throw new ArgumentException(
                    $"Order '{name}': slot {slot} holds token {token}, but {tokens} tokens need indices 0..{tokens - 1}.",
                    nameof(tokenAtSlot));
            }

            if (_slotOf[token] != Padding)
            {
                throw new ArgumentException(
                    $"Order '{name}': token {token} stands in slots {_slotOf[token]} and {slot}; each token needs exactly one.",
                    nameof(tokenAtSlot));
            }

            if (slot % alignment != 0 && _tokenAt[slot - 1] == Padding)
            {
                throw new ArgumentException(
                    $"Order '{name}': slot {slot} holds a token after padding within its run of {alignment} slots.", nameof(tokenAtSlot));
            }

            _slotOf[token] = slot;
        }

        Name = name;
        Alignment = alignment;
        IsIdentity = _tokenAt.Length == tokens;
        for (int slot = 0; IsIdentity && slot < tokens; slot++)
        {
            IsIdentity = _tokenAt[slot] == slot;
        }
    }

    /// <summary>Stable name with parameters.</summary>
    public string Name { get; }

    /// <summary>Number of tokens.</summary>
    public int Tokens => _slotOf.Length;

    /// <summary>Number of storage slots, padding included.</summary>
    public int Slots => _tokenAt.Length;

    /// <summary>Whether any slot is padding.</summary>
    public bool IsPadded => Slots != Tokens;

    /// <summary>Padding stands last within each aligned run of this many slots.</summary>
    public int Alignment { get; }

    /// <summary>Whether storage order is natural order.</summary>
    public bool IsIdentity { get; }

    /// <summary>Token of each slot, or <see cref="Padding"/>.</summary>
    public ReadOnlySpan<int> TokenAtSlot => _tokenAt;

    /// <summary>Slot of each token: the inverse.</summary>
    public ReadOnlySpan<int> SlotOfToken => _slotOf;

    /// <summary>The natural order of <paramref name="tokens"/> tokens.</summary>
    public static TokenOrder Identity(int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        int[] order = new int[tokens];
        for (int i = 0; i < tokens; i++)
        {
            order[i] = i;
        }

        return new TokenOrder(order, "natural");
    }

    /// <summary>
    /// The order that nests the video axes as <paramref name="order"/> says; text keeps its place (PAROAttention, section 1.2 of
    /// docs/methods/paro.md).
    /// </summary>
    public static TokenOrder ForAxisOrder(TokenGrid grid, AxisOrder order)
    {
        int[] tokenAt = new int[grid.Tokens];
        for (int i = 0; i < tokenAt.Length; i++)
        {
            tokenAt[i] = i;
        }

        Span<int> at = stackalloc int[3];
        int slot = grid.VideoStart;
        for (int outer = 0; outer < grid.Extent(order.Outer); outer++)
        {
            at[(int)order.Outer] = outer;
            for (int middle = 0; middle < grid.Extent(order.Middle); middle++)
            {
                at[(int)order.Middle] = middle;
                for (int inner = 0; inner < grid.Extent(order.Inner); inner++)
                {
                    at[(int)order.Inner] = inner;
                    tokenAt[slot++] = grid.IndexOf(at[0], at[1], at[2]);
                }
            }
        }

        return new TokenOrder(tokenAt, order.ToString());
    }

    /// <summary>Token in a slot, or <see cref="Padding"/>.</summary>
    public int TokenAt(int slot) => _tokenAt[slot];

    /// <summary>Slot of a token.</summary>
    public int SlotOf(int token) => _slotOf[token];

    /// <summary>The order that first applies this one and then <paramref name="next"/>, whose tokens are the slots of this one.</summary>
    /// <exception cref="ArgumentException">The sizes differ or either order is padded.</exception>
    public TokenOrder Then(TokenOrder next)
    {
        ArgumentNullException.ThrowIfNull(next);
        if (IsPadded || next.IsPadded || next.Tokens != Slots)
        {
            throw new ArgumentException(
                "Orders compose when both are unpadded and of one size; "
                    + $"got {Name} ({Tokens} tokens, {Slots} slots) and {next.Name} ({next.Tokens} tokens, {next.Slots} slots).",
                nameof(next));
        }

        int[] tokenAt = new int[Slots];
        for (int slot = 0; slot < tokenAt.Length; slot++)
        {
            tokenAt[slot] = _tokenAt[next._tokenAt[slot]];
        }

        return new TokenOrder(tokenAt, $"{Name}>{next.Name}");
    }

    /// <summary>The inverse permutation.</summary>
    /// <exception cref="InvalidOperationException">The order is padded.</exception>
    public TokenOrder Inverse() =>
        IsPadded
            ? throw new InvalidOperationException(
                $"Order '{Name}' has {Slots - Tokens} padding slots; only a permutation has an inverse order.")
            : new TokenOrder(_slotOf, $"inverse({Name})");

    /// <summary>
    /// This order followed by padding so that the slot count is a multiple of <paramref name="alignment"/>; itself when nothing is needed.
    /// </summary>
    public TokenOrder PaddedTo(int alignment)
    {
        int slots = CeilingDivision.Of(Slots, alignment) * alignment;
        if (slots == Slots && (Alignment == 1 || Alignment % alignment == 0))
        {
            return this;
        }

        int[] tokenAt = new int[slots];
        Array.Fill(tokenAt, Padding);
        _tokenAt.CopyTo(tokenAt, 0);
        return new TokenOrder(tokenAt, Name, alignment);
    }

    /// <summary>Gathers rows: <paramref name="destination"/> row s is source row <see cref="TokenAt"/>(s); padding rows are filled with
    /// <paramref name="padding"/>.</summary>
    /// <param name="source">Tokens x <paramref name="width"/>, row-major, in token order.</param>
    /// <param name="destination">Slots x <paramref name="width"/>, row-major.</param>
    /// <param name="width">Elements of a row.</param>
    /// <param name="padding">Value of padding rows.</param>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    public void Gather<T>(ReadOnlySpan<T> source, Span<T> destination, int width, T padding)
    {
        RequireLength(source.Length, Tokens, width, nameof(source));
        RequireLength(destination.Length, Slots, width, nameof(destination));
        for (int slot = 0; slot < _tokenAt.Length; slot++)
        {
            Span<T> row = destination.Slice(slot * width, width);
            int token = _tokenAt[slot];
            if (token == Padding)
            {
                row.Fill(padding);
            }
            else
            {
                source.Slice(token * width, width).CopyTo(row);
            }
        }
    }

    /// <summary>
    /// Scatters rows back: <paramref name="destination"/> row <see cref="TokenAt"/>(s) is source row s; padding rows are dropped.
    /// </summary>
    /// <param name="source">Slots x <paramref name="width"/>, row-major.</param>
    /// <param name="destination">Tokens x <paramref name="width"/>, row-major, in token order.</param>
    /// <param name="width">Elements of a row.</param>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    public void Scatter<T>(ReadOnlySpan<T> source, Span<T> destination, int width)
    {
        RequireLength(source.Length, Slots, width, nameof(source));
        RequireLength(destination.Length, Tokens, width, nameof(destination));
        for (int token = 0; token < _slotOf.Length; token++)
        {
            source.Slice(_slotOf[token] * width, width).CopyTo(destination[(token * width)..]);
        }
    }

    /// <inheritdoc/>
    public bool Equals(TokenOrder? other) =>
        ReferenceEquals(this, other)
            || (other is not null && Alignment == other.Alignment && _tokenAt.AsSpan().SequenceEqual(other._tokenAt));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TokenOrder);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.Add(Slots);
        for (int slot = 0; slot < _tokenAt.Length; slot += Math.Max(1, _tokenAt.Length / 64))
        {
            hash.Add(_tokenAt[slot]);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => IsPadded ? $"{Name} ({Tokens} tokens in {Slots} slots)" : $"{Name} ({Tokens} tokens)";

    private static void RequireLength(int got, int rows, int width, string name)
    {
        if (got < (long)rows * width)
        {
            throw new ArgumentException($"{name} holds {got} elements; {rows} rows of {width} need {(long)rows * width}.", name);
        }
    }
}
