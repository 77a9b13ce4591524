using Tessera.Attention;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Launch.Parameters;
using Tessera.Cuda.Memory;
using Tessera.Cuda.Planning;
using Tessera.Layout;
using Tessera.Quantization;

namespace Tessera.Cuda.Execution;

/// <summary>
/// A plan on a device: its lists and orders, sent once, and one arena for everything a run writes. A run is a fixed sequence of launches
/// in one stream: means of K, maxima of groups, codes of Q, K and V, attention.
/// </summary>
internal sealed class DevicePlan : IDisposable
{
    private const int ChunkSlots = 64;

    private readonly AttentionPlan _plan;
    private readonly PlannedAttention _planned;
    private readonly ICudaDevice _device;
    private readonly DeviceConstants _constants = new();
    private readonly DeviceMemory _work;
    private readonly BlockLists _lists;
    private readonly HeadRange[] _ranges;
    private readonly SlotGroups _queryGroups;
    private readonly SlotGroups _keyGroups;
    private readonly ArenaSlice _order;
    private readonly ArenaSlice _keyCounts;
    private readonly ArenaSlice _schedule;
    private readonly ArenaSlice _rowStart;
    private readonly ArenaSlice _blocks;
    private readonly ArenaSlice _blockMasks;
    private readonly ArenaSlice _maskBits;
    private readonly ArenaSlice _queryMap;
    private readonly ArenaSlice _keyMap;
    private readonly ArenaSlice _fault;
    private readonly long _zeroedBytes;
    private readonly OperandBuffers _query;
    private readonly OperandBuffers _key;
    private readonly OperandBuffers _value;
    private readonly ArenaSlice _sums;
    private readonly ArenaSlice _means;
    private readonly ArenaSlice _rowConstants;

    public DevicePlan(AttentionPlan plan, PlannedAttention planned, ICudaDevice device)
    {
        _plan = plan;
        _planned = planned;
        _device = device;
        _lists = BlockLists.Of(plan);
        _ranges = HeadRange.Of(plan.Shape, planned.HeadsOfALaunch);
        _queryGroups = SlotGroups.Of(plan, plan.Recipe.Query, planned.Query, AttentionOperand.Query, planned.QuerySlots);
        _keyGroups = SlotGroups.Of(plan, plan.Recipe.Key, planned.Key, AttentionOperand.Key, planned.KeySlotCount);
        bool ordered = plan.Orders.Any(static order => !order.IsIdentity);
        _order = _constants.Add(ordered ? [.. plan.Orders.SelectMany(static order => order.TokenAtSlot.ToArray())] : Array.Empty<int>());
        _keyCounts = _constants.Add(BlockLists.KeyCounts(plan));
        int together = LaunchHeuristics.HeadsTogether(
            (long)planned.KeyPaddedSlots * planned.Attend.Channels * (planned.Attend.CodeBytes + planned.Attend.ValueBytes),
            device.Properties);
        _schedule = _constants.Add(
            _lists.Schedule(plan.Shape.Batch, plan.Shape.Heads, planned.QueryTiles, planned.Attend.Rows, together));
        _rowStart = _constants.Add(_lists.RowStart);
        _blocks = _constants.Add(_lists.Blocks);
        _blockMasks = _constants.Add(_lists.BlockMasks);
        _maskBits = _constants.Add(_lists.MaskBits);
        _queryMap = _constants.Add(_queryGroups.Map);
        _keyMap = _constants.Add(_keyGroups.Map);

        ArenaLayout layout = new();
        long heads = Heads;
        int channels = planned.Attend.Channels;
        int codeBytes = planned.Attend.CodeBytes;
        int scaleBytes = planned.Query.IsScaled ? sizeof(float) : 0;
        // What must be zero before a run stands first, so that one fill does it.
        _fault = layout.Add(sizeof(uint));
        ArenaSlice queryMaxima = layout.Add(sizeof(uint) * (long)_queryGroups.Count);
        ArenaSlice keyMaxima = layout.Add(sizeof(uint) * (long)_keyGroups.Count);
        ArenaSlice valueMaxima = layout.Add(planned.ValueNeedsMaxima ? sizeof(uint) * heads * planned.ValueGroups * channels : 0);
        _zeroedBytes = layout.Bytes;
        _query = new OperandBuffers(
            layout.Add(heads * planned.QueryPaddedSlots * channels * codeBytes), layout.Add(heads * planned.QueryPaddedSlots * scaleBytes),
            queryMaxima);
        _key = new OperandBuffers(
            layout.Add(heads * planned.KeyPaddedSlots * channels * codeBytes), layout.Add(heads * planned.KeyPaddedSlots * scaleBytes),
            keyMaxima);
        _value = new OperandBuffers(
            layout.Add(heads * planned.KeyPaddedSlots * channels * planned.Attend.ValueBytes),
            layout.Add(planned.Attend.Values.IsScaled() ? heads * planned.ValueGroups * channels * sizeof(float) : 0),
            valueMaxima);
        bool smooths = plan.Recipe.SmoothKey;
        _sums = layout.Add(smooths ? heads * Chunks * channels * sizeof(double) : 0);
        _means = layout.Add(smooths ? heads * plan.Shape.HeadDim * sizeof(float) : 0);
        _rowConstants = layout.Add(smooths ? heads * planned.QueryPaddedSlots * sizeof(float) : 0);
        try
        {
            _constants.Send(device);
            _work = DeviceMemory.Allocate(device, layout.Bytes);
        }
        catch
        {
            _constants.Dispose();
            throw;
        }
    }

    /// <summary>Device memory that the plan holds.</summary>
    public long Bytes => _constants.Bytes + _work.Bytes;

    private int Heads => _plan.Shape.Batch * _plan.Shape.Heads;

    private int OrderHeads => Math.Max(1, _plan.Orders.Count);

    private int Chunks => CeilingDivision.Of(_planned.KeySlotCount, ChunkSlots);

    /// <summary>Starts everything that comes before attention.</summary>
    public void Quantize(CudaAttentionCall call, RotaryAddresses rotary, CudaStream stream)
    {
        _device.Fill(_fault.In(_work), 0, _zeroedBytes, stream);
        RowsParameters query = Rows(call.Query, _planned.QuerySlots, _planned.QueryPaddedSlots, rotary);
        RowsParameters key = Rows(call.Key, _planned.KeySlotCount, _planned.KeyPaddedSlots, rotary);
        RowsParameters value = Rows(call.Value, _planned.KeySlotCount, _planned.KeyPaddedSlots, RotaryAddresses.None);
        if (_plan.Recipe.SmoothKey)
        {
            FindMeans(key, stream);
            key.Mean = AddressOf(_means);
        }

        QuantizeRows(query, _planned.Query, _queryGroups, _queryMap, _query, isQuery: true, stream);
        QuantizeRows(key, _planned.Key, _keyGroups, _keyMap, _key, isQuery: false, stream);
        QuantizeValues(value, stream);
    }

    /// <summary>Starts attention over what <see cref="Quantize"/> left.</summary>
    public void Attend(CudaAttentionCall call, CudaStream stream)
    {
        bool lists = _lists.RowStart.Length > 0;
        AttendParameters parameters = new()
        {
            Queries = AddressOf(_query.Codes),
            Keys = AddressOf(_key.Codes),
            Values = AddressOf(_value.Codes),
            QueryScales = AddressOf(_query.Scales),
            KeyScales = AddressOf(_key.Scales),
            ValueScales = AddressOf(_value.Scales),
            RowStart = _constants.AddressOf(_rowStart),
            Blocks = _constants.AddressOf(_blocks),
            BlockMasks = _constants.AddressOf(_blockMasks),
            MaskBits = _constants.AddressOf(_maskBits),
            KeyCounts = _constants.AddressOf(_keyCounts),
            Order = _constants.AddressOf(_order),
            Schedule = _constants.AddressOf(_schedule),
            Output = call.Output.Pointer.Address,
            OutputBatchStride = call.Output.BatchStride,
            OutputHeadStride = call.Output.HeadStride,
            OutputTokenStride = call.Output.TokenStride,
            LogSumExp = call.LogSumExp.Address,
            RowConstants = call.LogSumExp.IsNull ? 0 : AddressOf(_rowConstants),
            OutputFormat = FormatOf(call.Output.Format),
            Heads = _plan.Shape.Heads,
            OrderHeads = OrderHeads,
            MaskHeads = _lists.MaskHeads,
            MaskRows = _lists.MaskRows,
            MaskRowSlots = lists ? _lists.MaskRowSlots : _planned.Attend.Rows,
            QuerySlots = _planned.QuerySlots,
            QueryPaddedSlots = _planned.QueryPaddedSlots,
            QueryTokens = _plan.Shape.QueryLength,
            QueryTiles = _planned.QueryTiles,
            KeySlots = _planned.KeySlotCount,
            KeyPaddedSlots = _planned.KeyPaddedSlots,
            KeyBlocks = _planned.KeyBlocks,
            Channels = _plan.Shape.HeadDim,
            ValueGroups = _planned.ValueGroups,
            ValueGroupBlocks = _planned.ValueGroupSlots / PlannedAttention.KeySlots,
            TileReference = _planned.UsesTileReference ? 1 : 0,
            ScoreScale = (float)(_plan.EffectiveScale * Math.Log2(Math.E)),
            CodeOfOne = _planned.CodeOfOne,
        };
        _device.Launch(_planned.Attend.Name, LaunchHeuristics.Attend(_planned.Attend, _planned.QueryTiles, Heads), parameters, stream);
    }

    /// <summary>Whether the last run met a value that is not finite; waits for it.</summary>
    public bool MetFault(CudaStream stream)
    {
        Span<uint> fault = stackalloc uint[1];
        _device.CopyToHost(fault, _fault.In(_work), stream);
        return fault[0] != 0;
    }

    public void Dispose()
    {
        _constants.Dispose();
        _work.Dispose();
    }

    /// <summary>The codes of an operand as the device holds them, for comparison with the specification.</summary>
    internal (OperandBuffers Query, OperandBuffers Key, OperandBuffers Value, DeviceMemory Work) Buffers => (_query, _key, _value, _work);

    private static TensorFormat FormatOf(NumberFormat format) => format switch
    {
        NumberFormat.BFloat16 => TensorFormat.BFloat16,
        NumberFormat.Float16 => TensorFormat.Float16,
        _ => TensorFormat.Float32,
    };

    private ulong AddressOf(ArenaSlice slice) => slice.Bytes == 0 ? 0 : slice.In(_work).Address;

    private RowsParameters Rows(CudaTensor tensor, int slots, int paddedSlots, RotaryAddresses rotary) => new()
    {
        Source = tensor.Pointer.Address,
        BatchStride = tensor.BatchStride,
        HeadStride = tensor.HeadStride,
        TokenStride = tensor.TokenStride,
        Order = _constants.AddressOf(_order),
        RotaryPositions = rotary.Positions,
        RotaryFactors = rotary.Factors,
        Fault = AddressOf(_fault),
        Format = FormatOf(tensor.Format),
        Heads = _plan.Shape.Heads,
        OrderHeads = OrderHeads,
        Slots = slots,
        PaddedSlots = paddedSlots,
        Channels = _plan.Shape.HeadDim,
        RotaryFirst1 = rotary.SecondFirst,
        RotaryFirst2 = rotary.ThirdFirst,
        RotaryOffset1 = rotary.SecondOffset,
        RotaryOffset2 = rotary.ThirdOffset,
    };

    private void FindMeans(RowsParameters key, CudaStream stream)
    {
        foreach (HeadRange range in _ranges)
        {
            ChannelSumsParameters sums = new()
            {
                Rows = range.In(key),
                Sums = range.In(AddressOf(_sums), (long)Chunks * _planned.Attend.Channels * sizeof(double)),
                Chunks = Chunks,
            };
            _device.Launch(_planned.ChannelSums, LaunchHeuristics.Sums(_planned.ChannelSums, Chunks, range.Heads), sums, stream);
        }

        ChannelMeansParameters means = new()
        {
            Sums = AddressOf(_sums),
            Means = AddressOf(_means),
            Chunks = Chunks,
            Channels = _plan.Shape.HeadDim,
            PaddedChannels = _planned.Attend.Channels,
            Tokens = _plan.Shape.KeyLength,
        };
        _device.Launch(PlannedAttention.ChannelMeans, LaunchHeuristics.Means(PlannedAttention.ChannelMeans, Heads), means, stream);
    }

    private void QuantizeRows(
        RowsParameters rows, RowScales scales, SlotGroups groups, ArenaSlice map, OperandBuffers buffers, bool isQuery, CudaStream stream)
    {
        long groupBytes = (long)groups.Stride * sizeof(uint);
        // Maxima of all heads first: they may share one.
        foreach (HeadRange range in scales.NeedsMaxima ? _ranges : [])
        {
            GroupMaximaParameters maxima = new()
            {
                Rows = range.In(rows),
                GroupMaxima = range.In(AddressOf(buffers.Maxima), groupBytes),
                SlotGroups = _constants.AddressOf(map),
                GroupStride = groups.Stride,
            };
            LaunchShape launch = LaunchHeuristics.Rows(_planned.GroupMaxima, rows.PaddedSlots, range.Heads);
            _device.Launch(_planned.GroupMaxima, launch, maxima, stream);
        }

        foreach (HeadRange range in _ranges)
        {
            QuantizeRowsParameters parameters = new()
            {
                Rows = range.In(rows),
                Codes = range.In(AddressOf(buffers.Codes), (long)rows.PaddedSlots * _planned.Attend.Channels * _planned.Attend.CodeBytes),
                Scales = range.In(AddressOf(buffers.Scales), (long)rows.PaddedSlots * sizeof(float)),
                GroupMaxima = range.In(AddressOf(buffers.Maxima), groupBytes),
                SlotGroups = _constants.AddressOf(map),
                ConstantMean = isQuery ? range.In(AddressOf(_means), (long)rows.Channels * sizeof(float)) : 0,
                RowConstants = isQuery ? range.In(AddressOf(_rowConstants), (long)rows.PaddedSlots * sizeof(float)) : 0,
                GroupStride = groups.Stride,
                GroupRows = scales.GroupRows,
                MaximumCode = scales.MaximumCode,
                ConstantFactor = (float)_plan.EffectiveScale,
            };
            LaunchShape launch = LaunchHeuristics.Rows(_planned.QuantizeRows, rows.PaddedSlots, range.Heads);
            _device.Launch(_planned.QuantizeRows, launch, parameters, stream);
        }
    }

    private void QuantizeValues(RowsParameters rows, CudaStream stream)
    {
        AttendInstance kernel = _planned.Attend;
        long groupBytes = (long)_planned.ValueGroups * kernel.Channels * sizeof(float);
        foreach (HeadRange range in _ranges)
        {
            ulong maxima = range.In(AddressOf(_value.Maxima), groupBytes);
            if (_planned.ValueNeedsMaxima)
            {
                ValueMaximaParameters found = new()
                {
                    Rows = range.In(rows),
                    Maxima = maxima,
                    GroupSlots = _planned.ValueGroupSlots,
                    Groups = _planned.ValueGroups,
                };
                _device.Launch(
                    _planned.ValueMaxima, LaunchHeuristics.Values(_planned.ValueMaxima, rows.PaddedSlots, range.Heads), found, stream);
            }

            QuantizeValuesParameters parameters = new()
            {
                Rows = range.In(rows),
                Codes = range.In(AddressOf(_value.Codes), (long)rows.PaddedSlots * kernel.Channels * kernel.ValueBytes),
                Scales = range.In(AddressOf(_value.Scales), groupBytes),
                Maxima = maxima,
                GroupSlots = _planned.ValueGroupSlots,
                Groups = _planned.ValueGroups,
                MaximumCode = _planned.ValueMaximumCode,
            };
            LaunchShape launch = LaunchHeuristics.Values(_planned.QuantizeValues, rows.PaddedSlots, range.Heads);
            _device.Launch(_planned.QuantizeValues, launch, parameters, stream);
        }
    }
}
