using Tessera.Layout;
using Tessera.Masks;

namespace Tessera.Methods.Paro;

/// <summary>
/// The block lattice that all candidate orders of a grid share: slots, which blocks hold text, and how many tokens each block holds.
/// Candidate orders move video tokens only, so these facts are the same for all of them. Immutable.
/// </summary>
internal sealed class BlockLattice
{
    public BlockLattice(TokenGrid grid, BlockSize size, ParoOptions options, IReadOnlyList<TokenOrder> candidates)
    {
        Grid = grid;
        Size = size;
        Orders = [.. candidates.Select(candidate => Place(candidate, options.Origin))];
        TokenOrder first = Orders[0];
        Slots = first.Slots;
        QueryBlocks = CeilingDivision.Of(Slots, size.Query);
        KeyBlocks = CeilingDivision.Of(Slots, size.Key);
        RowTokens = CountTokens(first, size.Query, QueryBlocks, static (_, _) => true);
        ColumnTokens = CountTokens(first, size.Key, KeyBlocks, static (_, _) => true);
        TextRow =
        [
            .. CountTokens(first, size.Query, QueryBlocks, static (grid, token) => grid.IsText(token)).Select(static count => count > 0),
        ];
        TextColumn =
        [
            .. CountTokens(first, size.Key, KeyBlocks, static (grid, token) => grid.IsText(token)).Select(static count => count > 0),
        ];
    }

    public TokenGrid Grid { get; }

    public BlockSize Size { get; }

    /// <summary>Candidate orders placed on the lattice, all with <see cref="Slots"/> slots.</summary>
    public TokenOrder[] Orders { get; }

    public int Slots { get; }

    public int QueryBlocks { get; }

    public int KeyBlocks { get; }

    /// <summary>Tokens of each query block; padding does not count.</summary>
    public int[] RowTokens { get; }

    /// <summary>Tokens of each key block.</summary>
    public int[] ColumnTokens { get; }

    public bool[] TextRow { get; }

    public bool[] TextColumn { get; }

    /// <summary>Whether a block lies in the video-to-video part of the map.</summary>
    public bool IsVideo(int queryBlock, int keyBlock) => !TextRow[queryBlock] && !TextColumn[keyBlock];

    /// <summary>
    /// Block rows to read when every <paramref name="stride"/>-th row of video queries is sampled, from the middle of each stride; empty
    /// for all.
    /// </summary>
    public int[] SampledRows(int stride)
    {
        if (stride == 1)
        {
            return [];
        }

        int[] video = [.. Enumerable.Range(0, QueryBlocks).Where(row => !TextRow[row] && RowTokens[row] > 0)];
        int[] sampled = [.. video.Where((_, index) => index % stride == stride / 2)];
        return sampled.Length > 0 ? sampled : video;
    }

    /// <summary>Blocks that the options keep whatever their mass, [QueryBlocks x KeyBlocks], for one candidate.</summary>
    public bool[] AlwaysKept(int candidate, ParoOptions options)
    {
        bool[] column = new bool[KeyBlocks];
        int sinks = options.SinkColumns;
        int[] firstFrame = options.KeepFirstFrame ? CountTokens(Orders[candidate], Size.Key, KeyBlocks, IsFirstFrame) : new int[KeyBlocks];
        for (int j = 0; j < KeyBlocks; j++)
        {
            column[j] = (options.KeepText && TextColumn[j])
                || (firstFrame[j] > 0 && 2 * firstFrame[j] >= ColumnTokens[j])
                || (options.KeepTail && j == KeyBlocks - 1);
            if (sinks > 0 && !TextColumn[j] && ColumnTokens[j] > 0)
            {
                column[j] = true;
                sinks--;
            }
        }

        bool[] kept = new bool[QueryBlocks * KeyBlocks];
        for (int i = 0; i < QueryBlocks; i++)
        {
            bool row = (options.KeepText && TextRow[i]) || (options.KeepTail && i == QueryBlocks - 1);
            for (int j = 0; j < KeyBlocks; j++)
            {
                bool diagonal = options.KeepDiagonal && i * Size.Query < (j + 1) * Size.Key && j * Size.Key < (i + 1) * Size.Query;
                kept[(i * KeyBlocks) + j] = (row || column[j] || diagonal) && RowTokens[i] > 0 && ColumnTokens[j] > 0;
            }
        }

        return kept;
    }

    private static bool IsFirstFrame(TokenGrid grid, int token) => !grid.IsText(token) && grid.CoordinatesOf(token).Frame == 0;

    /// <summary>Moves text to where the origin wants it and pads; the video tokens keep the candidate's order.</summary>
    private TokenOrder Place(TokenOrder candidate, LatticeOrigin origin)
    {
        if (candidate.IsPadded || candidate.Tokens != Grid.Tokens)
        {
            throw new ArgumentException(
                $"Candidate order {candidate} needs one slot for each of the {Grid.Tokens} tokens of grid {Grid}; "
                    + "PARO places and pads text itself.",
                nameof(candidate));
        }

        if (Grid.TextTokens == 0)
        {
            return candidate;
        }

        List<int> video = new(Grid.VideoTokens);
        foreach (int token in candidate.TokenAtSlot)
        {
            if (!Grid.IsText(token))
            {
                video.Add(token);
            }
        }

        IEnumerable<int> text = Enumerable.Range(Grid.TextStart, Grid.TextTokens);
        bool front = Grid.TextPlacement == TextPlacement.Front && origin != LatticeOrigin.FirstVideoToken;
        IEnumerable<int> head = front ? text : video;
        IEnumerable<int> tail = front ? video : text;
        int alignment = origin == LatticeOrigin.PaddedText ? LeastCommonMultiple(Size.Query, Size.Key) : 1;
        int headTokens = front ? Grid.TextTokens : Grid.VideoTokens;
        int padding = (CeilingDivision.Of(headTokens, alignment) * alignment) - headTokens;
        int[] tokenAt = [.. head, .. Enumerable.Repeat(TokenOrder.Padding, padding), .. tail];
        return new TokenOrder(tokenAt, candidate.Name, padding > 0 ? alignment : 1);
    }

    private int[] CountTokens(TokenOrder order, int block, int blocks, Func<TokenGrid, int, bool> counts)
    {
        int[] tokens = new int[blocks];
        for (int slot = 0; slot < order.Slots; slot++)
        {
            int token = order.TokenAt(slot);
            tokens[slot / block] += token >= 0 && counts(Grid, token) ? 1 : 0;
        }

        return tokens;
    }

    private static int LeastCommonMultiple(int a, int b)
    {
        (int x, int y) = (a, b);
        while (y != 0)
        {
            (x, y) = (y, x % y);
        }

        return checked(a / x * b);
    }
}
