using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.Methods.SparseVideoGen;

/// <summary>
/// A profiling mask of Sparse VideoGen over sampled rows: a video key is seen when its block lies less than a reach from the row's; text
/// and the sink are seen by all. The cuts between runs of keys depend on the grid alone; only who sees a run depends on the rows.
/// Immutable.
/// </summary>
internal sealed class ProfilingMask
{
    private const int SeenByAll = -1;

    private readonly int _videoStart;
    private readonly int _reach;
    private readonly int[] _blockOfVideo;
    private readonly int _blocks;
    private readonly int[] _starts;
    private readonly int[] _runBlocks;

    /// <summary>Cuts the keys.</summary>
    /// <param name="grid">Grid of the tokens.</param>
    /// <param name="blockOfVideo">Block of each video token.</param>
    /// <param name="sink">Video keys from the first that all rows see.</param>
    /// <param name="reach">Blocks less than this far apart see each other.</param>
    public ProfilingMask(TokenGrid grid, int[] blockOfVideo, int sink, int reach)
    {
        _videoStart = grid.VideoStart;
        _reach = reach;
        _blockOfVideo = blockOfVideo;
        _blocks = blockOfVideo.Max() + 1;
        List<int> starts = [];
        List<int> blocks = [];
        for (int key = 0; key < grid.Tokens; key++)
        {
            int video = key - grid.VideoStart;
            bool seenByAll = video < sink || video >= grid.VideoTokens;
            int block = seenByAll ? SeenByAll : blockOfVideo[video];
            if (blocks.Count == 0 || blocks[^1] != block)
            {
                starts.Add(key);
                blocks.Add(block);
            }
        }

        _starts = [.. starts];
        _runBlocks = [.. blocks];
    }

    /// <summary>The runs, whose rows <see cref="Fill"/> sets.</summary>
    public KeyRun[] NewRuns() => Array.ConvertAll(_starts, static start => new KeyRun(start, 0));

    /// <summary>Sets who sees each run, for up to 64 video query tokens.</summary>
    public void Fill(KeyRun[] runs, ReadOnlySpan<int> queries)
    {
        ulong[] seenBy = new ulong[_blocks];
        for (int row = 0; row < queries.Length; row++)
        {
            int own = _blockOfVideo[queries[row] - _videoStart];
            for (int block = Math.Max(0, own - _reach + 1); block < Math.Min(_blocks, own + _reach); block++)
            {
                seenBy[block] |= 1UL << row;
            }
        }

        for (int run = 0; run < runs.Length; run++)
        {
            int block = _runBlocks[run];
            runs[run] = new KeyRun(_starts[run], block == SeenByAll ? ulong.MaxValue : seenBy[block]);
        }
    }
}
