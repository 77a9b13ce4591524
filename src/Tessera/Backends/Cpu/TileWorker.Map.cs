using Tessera.Attention;
using Tessera.Backends.Cpu.Kernels;
using Tessera.Backends.Cpu.Packing;

namespace Tessera.Backends.Cpu;

/// <summary>What <see cref="CpuMapReader"/> asks of a worker: row sums and block statistics of the whole map.</summary>
internal sealed unsafe partial class TileWorker
{
    /// <summary>Writes the natural-log row sums of a tile over all keys, in natural token order.</summary>
    public void ReadLogSumExp(in AttendContext context, in PackedHead head, TileTask task, float* logSumExp)
    {
        PackQueries(context, head, task);
        SumWholeRows(context, head, task);
        for (int row = 0; row < task.Rows; row++)
        {
            if (_queryTokens[row] >= 0)
            {
                logSumExp[_queryTokens[row]] = (_denseReference[row] + MathF.Log2(_denseSum[row])) * NaturalLog2;
            }
        }
    }

    /// <summary>Adds one row of blocks of the map P = exp(score - LSE) to the statistics.</summary>
    /// <param name="context">The reader's context.</param>
    /// <param name="head">The head's packed keys.</param>
    /// <param name="queryBlock">Block row.</param>
    /// <param name="logSumExp">Natural-log row sums in natural token order.</param>
    /// <param name="epsilon">Threshold of the count.</param>
    /// <param name="destination">Receives the row.</param>
    public void ReadMapRow(
        in AttendContext context, in PackedHead head, int queryBlock, float* logSumExp, float epsilon, BlockMapStatistics destination)
    {
        int first = queryBlock * _layout.QueryBlock;
        int end = Math.Min(first + _layout.QueryBlock, _layout.QuerySlots);
        KeyBlockSlots slots = context.SlotsOf(head.Head);
        MapCell* cells = stackalloc MapCell[_layout.ChunkBlocks];
        for (int slot = first; slot < end; slot += CpuLayout.TargetRows)
        {
            TileTask task = new(queryBlock, slot, Math.Min(CpuLayout.TargetRows, end - slot), _layout.KeyBlocks);
            PackQueries(context, head, task);
            Begin(context, head, _denseReference, _denseSum, task.Rows, 0);
            int queries = 0;
            for (int row = 0; row < task.Rows; row++)
            {
                bool valid = _queryTokens[row] >= 0;
                _denseSum[row] = valid ? logSumExp[_queryTokens[row]] * Log2OfE : float.PositiveInfinity;
                queries += valid ? 1 : 0;
            }

            for (int block = 0; block < _layout.KeyBlocks;)
            {
                int start = block;
                _tile.Blocks = Math.Min(_layout.ChunkBlocks, _layout.KeyBlocks - block);
                for (int i = 0; i < _tile.Blocks; i++)
                {
                    _blocks[i] = block++;
                    _partial[i] = false;
                    cells[i] = default;
                }

                Score(context, head, task);
                context.Kernels.Map.Add(_tile, _denseSum, epsilon, cells);
                for (int i = 0; i < _tile.Blocks; i++)
                {
                    int cell = (queryBlock * destination.KeyBlocks) + start + i;
                    int counted = epsilon > 0 ? (task.Rows * _layout.KeyStride) - (queries * slots.Keys(start + i)) : 0;
                    destination.Sum[cell] += cells[i].Sum;
                    destination.Maximum[cell] = MathF.Max(destination.Maximum[cell], cells[i].Maximum);
                    destination.CountBelow[cell] += cells[i].CountBelow - counted;
                }
            }
        }
    }
}
