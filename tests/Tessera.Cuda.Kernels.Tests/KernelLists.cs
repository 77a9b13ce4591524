using Tessera.Attention;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Launch.Parameters;
using Tessera.Layout;
using Tessera.Masks;

namespace Tessera.Cuda.Kernels.Tests;

/// <summary>A block mask as the kernels read it: lists by row, bits of partial blocks, valid slots of key blocks.</summary>
internal sealed class KernelLists
{
    private const int Keys = KernelCatalogue.KeySlots;

    private readonly AttentionPlan _plan;
    private readonly List<int> _start = [0];
    private readonly List<int> _blocks = [];
    private readonly List<int> _masks = [];
    private readonly List<ulong> _bits = [];
    private readonly DeviceData _data;

    public KernelLists(DeviceData data, AttentionPlan plan)
    {
        _data = data;
        _plan = plan;
        int parts = plan.Mask.Size.Key / Keys;
        for (int head = 0; head < plan.Mask.MaskHeads; head++)
        {
            for (int row = 0; row < plan.Mask.QueryBlocks; row++)
            {
                foreach (int block in Merged(head, row))
                {
                    for (int part = 0; part < parts && ((block * parts) + part) * Keys < plan.Mask.KeySlots; part++)
                    {
                        _blocks.Add((block * parts) + part);
                        _masks.Add(plan.Mask.Coverage(head, row, block) == BlockCoverage.Partial ? AddBits(head, row, (block * parts) + part) : -1);
                    }
                }

                _start.Add(_blocks.Count);
            }
        }
    }

    public void Apply(ref AttendParameters parameters)
    {
        parameters.MaskHeads = _plan.Mask.MaskHeads;
        parameters.MaskRows = _plan.Mask.QueryBlocks;
        parameters.MaskRowSlots = _plan.Mask.Size.Query;
        if (_plan.Mask.KeptBlocks == (long)_plan.Mask.MaskHeads * _plan.Mask.QueryBlocks * _plan.Mask.KeyBlocks && _bits.Count == 0)
        {
            // Every block is kept: the kernel needs no list.
            (parameters.MaskHeads, parameters.MaskRows) = (1, _plan.Mask.QueryBlocks);
        }
        else
        {
            parameters.RowStart = _data.Put<int>(_start.ToArray());
            parameters.Blocks = _blocks.Count == 0 ? _data.Zeros<int>(1) : _data.Put<int>(_blocks.ToArray());
            parameters.BlockMasks = _bits.Count == 0 ? 0 : _data.Put<int>(_masks.ToArray());
            parameters.MaskBits = _data.Put<ulong>(_bits.ToArray());
        }

        if (_plan.Orders.Any(static order => order.IsPadded))
        {
            parameters.KeyCounts = _data.Put<int>(_plan.Orders.SelectMany(Counts).ToArray());
        }
    }

    /// <summary>Work of all heads, longest list first.</summary>
    public int[] HeaviestFirst(int tiles, int rows) =>
    [
        .. Enumerable.Range(0, _plan.Shape.Batch * _plan.Shape.Heads * tiles).OrderByDescending(work =>
            _plan.Mask.KeptInRow(work / tiles % _plan.Shape.Heads, work % tiles * rows / _plan.Mask.Size.Query)),
    ];

    private static IEnumerable<int> Counts(TokenOrder order)
    {
        for (int start = 0; start < order.Slots; start += Keys)
        {
            int valid = 0;
            for (int slot = start; slot < Math.Min(start + Keys, order.Slots); slot++)
            {
                valid += order.TokenAt(slot) == TokenOrder.Padding ? 0 : 1;
            }

            yield return valid;
        }
    }

    private int[] Merged(int head, int row) =>
        [.. _plan.Mask.FullKeyBlocks(head, row).ToArray().Concat(_plan.Mask.PartialKeyBlocks(head, row).ToArray()).Order()];

    private int AddBits(int head, int row, int block)
    {
        TokenOrder? order = _plan.OrderOf(head);
        int rows = _plan.Mask.Size.Query;
        int index = _bits.Count / rows;
        for (int r = 0; r < rows; r++)
        {
            ulong bits = 0;
            int slot = (row * rows) + r;
            int query = slot < _plan.Mask.QuerySlots ? order?.TokenAt(slot) ?? slot : -1;
            for (int k = 0; query >= 0 && k < Keys && (block * Keys) + k < _plan.Mask.KeySlots; k++)
            {
                int key = order?.TokenAt((block * Keys) + k) ?? ((block * Keys) + k);
                bits |= key >= 0 && _plan.Mask.Predicate!.Allows(new TokenPair(0, head, query, key)) ? 1ul << k : 0;
            }

            _bits.Add(bits);
        }

        return index;
    }
}
