using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;

namespace Tessera.Serialization.Plans;

/// <summary>Turns plans into a header and tensors, each distinct token order and block mask once.</summary>
internal sealed class PlanWriter
{
    private readonly PlanFile _content;
    private readonly SortedDictionary<string, Entry> _tensors = new(StringComparer.Ordinal);
    private readonly List<PlanHeader.OrderRecord> _orders = [];
    private readonly List<byte> _axes = [];
    private readonly Dictionary<(TokenOrder Order, string Name, TokenGrid? Grid), int> _orderIndex = [];
    private readonly List<PlanHeader.MaskRecord> _masks = [];
    private readonly Dictionary<BlockMask, int> _maskByReference = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, int> _maskByContent = new(StringComparer.Ordinal);

    /// <summary>Prepares what to write.</summary>
    public PlanWriter(PlanFile content) => _content = content;

    /// <summary>Writes the file; answers the content hash.</summary>
    public string Save(string path)
    {
        (SafetensorsWriter writer, string hash) = Collect();
        writer.Save(path);
        return hash;
    }

    /// <summary>The content hash alone.</summary>
    public string Hash() => Collect().Hash;

    private (SafetensorsWriter Writer, string Hash) Collect()
    {
        PlanSchedule schedule = _content.Schedule;
        PlanHeader.PlanRecord[] plans = [.. schedule.Plans.Select(Record)];
        AddTensor<byte>(PlanHeader.AxisTensor, [_axes.Count], _axes.ToArray());
        AddTensor<int>(PlanHeader.TableTensor, [schedule.Rows, schedule.Layers], schedule.Table.ToArray());
        int heads = _content.Shape.Heads;
        AddTensor<float>(PlanHeader.DensityTensor, [plans.Length, heads], Densities(schedule.Plans, heads));
        if (_content.KeptMass.Count > 0)
        {
            if (_content.KeptMass.Count != plans.Length * heads)
            {
                throw new PlanMismatchException(
                    $"The kept mass has {_content.KeptMass.Count} values; "
                        + $"{plans.Length} plans of {heads} heads need {plans.Length * heads}.");
            }

            AddTensor<float>(PlanHeader.KeptMassTensor, [plans.Length, heads], _content.KeptMass.ToArray());
        }

        string header = JsonSerializer.Serialize(Header(schedule, plans), PlanJsonContext.Default.PlanHeader);
        string hash = HashOf(header);
        SafetensorsWriter writer = new();
        writer.Metadata[PlanReader.VersionKey] = PlanFile.Version.ToString();
        writer.Metadata[PlanReader.HeaderKey] = header;
        writer.Metadata[PlanReader.HashKey] = hash;
        foreach ((string name, Entry entry) in _tensors)
        {
            writer.Add(name, entry.Type, entry.Shape, stream => stream.Write(entry.Bytes().Span));
        }

        return (writer, hash);
    }

    private PlanHeader Header(PlanSchedule schedule, PlanHeader.PlanRecord[] plans)
    {
        AttentionShape shape = _content.Shape;
        return new PlanHeader(
            _content.Model,
            [shape.Batch, shape.Heads, shape.QueryLength, shape.KeyLength, shape.HeadDim],
            new PlanHeader.ScheduleRecord(
                schedule.Name, schedule.Axis.ToString(), schedule.NoiseBoundaries.ToArray(), schedule.Policy.FirstSteps,
                schedule.Policy.FirstLayers, schedule.DensePlanIndex),
            plans,
            [.. _orders],
            [.. _masks],
            new SortedDictionary<string, string>(_content.Properties.ToDictionary(), StringComparer.Ordinal));
    }

    private PlanHeader.PlanRecord Record(AttentionPlan plan)
    {
        plan.Validate();
        PlanRows.RequireNonEmpty(plan);
        if (plan.Grid is { } grid && grid.Tokens > PlanFile.MaximumTokens)
        {
            throw new PlanMismatchException(
                $"Plan '{plan.Name}': grid {grid} has {grid.Tokens} tokens; plan files hold grids of at most {PlanFile.MaximumTokens}.");
        }

        return new PlanHeader.PlanRecord(
            plan.Name,
            plan.Grid?.ToString(),
            [.. plan.Orders.Select(order => IndexOf(order, plan.Grid))],
            IndexOf(plan.Mask),
            RecipeRecord.Of(plan.Recipe),
            plan.Scale,
            plan.Normalization.ToString(),
            plan.ProbabilitySkipThreshold,
            plan.ScoreModifier is { } score ? FunctorCodec.Encode(score.Mod) : null);
    }

    private int IndexOf(TokenOrder order, TokenGrid? grid)
    {
        if (!_orderIndex.TryGetValue((order, order.Name, grid), out int index))
        {
            index = _orders.Count;
            byte axis = AxisOf(order, grid);
            bool isExplicit = axis == PlanHeader.ExplicitAxis;
            _orderIndex.Add((order, order.Name, grid), index);
            _orders.Add(new PlanHeader.OrderRecord(order.Name, order.Slots, order.Alignment, isExplicit ? null : grid?.ToString()));
            _axes.Add(axis);
            if (isExplicit)
            {
                AddTensor<int>(PlanHeader.SlotsTensor(index), [order.Slots], order.TokenAtSlot.ToArray());
            }
        }

        return index;
    }

    // An axis order is stored by its id, whatever its name and padding at the end.
    private static byte AxisOf(TokenOrder order, TokenGrid? grid)
    {
        if (grid is not { } tokens || order.Slots > PlanReader.MaximumAxisSlots
            || order.TokenAtSlot[order.Tokens..].ContainsAnyExcept(TokenOrder.Padding))
        {
            return PlanHeader.ExplicitAxis;
        }

        ReadOnlySpan<int> slots = order.TokenAtSlot[..order.Tokens];
        foreach (AxisOrder axis in AxisOrder.All)
        {
            if (slots.SequenceEqual(TokenOrder.ForAxisOrder(tokens, axis).TokenAtSlot))
            {
                return (byte)axis.Id;
            }
        }

        return PlanHeader.ExplicitAxis;
    }

    private int IndexOf(BlockMask mask)
    {
        if (_maskByReference.TryGetValue(mask, out int index))
        {
            return index;
        }

        FunctorRecord? predicate = mask.Predicate is { } code ? FunctorCodec.Encode(code.Mod) : null;
        PlanHeader.MaskRecord record = new(mask.MaskHeads, mask.QuerySlots, mask.KeySlots, mask.Size.Query, mask.Size.Key, predicate);
        string content = ContentOf(mask, predicate);
        if (!_maskByContent.TryGetValue(content, out index))
        {
            index = _masks.Count;
            _maskByContent.Add(content, index);
            _masks.Add(record);
            AddMask(PlanHeader.FullTensor(index), mask, partial: false);
            if (MaskBits.HasPartial(mask))
            {
                AddMask(PlanHeader.PartialTensor(index), mask, partial: true);
            }
        }

        _maskByReference.Add(mask, index);
        return index;
    }

    private static string ContentOf(BlockMask mask, FunctorRecord? predicate)
    {
        string bits = Convert.ToHexString(SHA256.HashData(BitsOf(mask, partial: false).Span));
        string partial = MaskBits.HasPartial(mask) ? Convert.ToHexString(SHA256.HashData(BitsOf(mask, partial: true).Span)) : "";
        string functor = predicate is null ? "" : JsonSerializer.Serialize(predicate, PlanJsonContext.Default.FunctorRecord);
        return $"{mask.MaskHeads} {mask.QuerySlots} {mask.KeySlots} {mask.Size} {bits} {partial} {functor}";
    }

    private void AddMask(string name, BlockMask mask, bool partial) =>
        _tensors.Add(name, new Entry(TensorDataType.UInt64, MaskBits.ShapeOf(mask), () => BitsOf(mask, partial)));

    private static ReadOnlyMemory<byte> BitsOf(BlockMask mask, bool partial)
    {
        using MemoryStream stream = new(checked((int)(MaskBits.ShapeOf(mask).Aggregate(8L, static (product, extent) => product * extent))));
        MaskBits.Write(mask, partial, stream);
        return stream.GetBuffer().AsMemory(0, (int)stream.Length);
    }

    private void AddTensor<T>(string name, long[] shape, T[] values)
        where T : unmanaged =>
        _tensors.Add(name, new Entry(TensorDataTypes.Of<T>(), shape, () => MemoryMarshal.AsBytes(values.AsSpan()).ToArray()));

    private static float[] Densities(IReadOnlyList<AttentionPlan> plans, int heads)
    {
        float[] densities = new float[plans.Count * heads];
        for (int i = 0; i < densities.Length; i++)
        {
            densities[i] = (float)plans[i / heads].Mask.HeadDensity(i % heads);
        }

        return densities;
    }

    private string HashOf(string header)
    {
        using PlanHash hash = new(header);
        foreach ((string name, Entry entry) in _tensors)
        {
            hash.BeginTensor(name, entry.Type, entry.Shape);
            hash.Append(entry.Bytes().Span);
        }

        return hash.Finish();
    }

    /// <summary>A tensor whose bytes are made when they are needed: once for the hash and once for the file.</summary>
    private sealed record Entry(TensorDataType Type, long[] Shape, Func<ReadOnlyMemory<byte>> Bytes);
}
