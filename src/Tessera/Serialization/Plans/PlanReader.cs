using System.Text.Json;
using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;

namespace Tessera.Serialization.Plans;

/// <summary>Rebuilds plans from a file, trusting nothing in it. A wrong hash is found before anything else is believed.</summary>
internal sealed class PlanReader
{
    /// <summary>Metadata key of the format version.</summary>
    public const string VersionKey = "tessera.plan";

    /// <summary>Metadata key of the header text.</summary>
    public const string HeaderKey = "tessera.plan.header";

    /// <summary>Metadata key of the content hash.</summary>
    public const string HashKey = "tessera.plan.sha256";

    /// <summary>Most slots of an order that is stored by its axis id, so that a small file cannot ask for much memory.</summary>
    public const int MaximumAxisSlots = PlanFile.MaximumTokens * 2;

    private readonly SafetensorsFile _file;
    private readonly string _source;

    private PlanReader(SafetensorsFile file, string source)
    {
        _file = file;
        _source = source;
    }

    /// <summary>Reads and checks the whole file.</summary>
    /// <exception cref="TensorFormatException">The file is damaged or no plan file.</exception>
    /// <exception cref="PlanMismatchException">It is of another version, its hash is wrong, or a plan does not fit together.</exception>
    public static PlanFile Read(SafetensorsFile file, string source)
    {
        PlanReader reader = new(file, source);
        string text = reader.RequireHeader(out string hash);
        try
        {
            PlanHeader header = JsonSerializer.Deserialize(text, PlanJsonContext.Default.PlanHeader)
                ?? throw new FormatException(
                "the header is null");
            return reader.Build(header) with { Hash = hash };
        }
        catch (Exception error)
            when (error is JsonException or FormatException or ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            throw new TensorFormatException($"{source}: the plan header is damaged ({error.Message.TrimEnd('.')}).", error);
        }
    }

    private string RequireHeader(out string hash)
    {
        if (!_file.Metadata.TryGetValue(VersionKey, out string? version) || !_file.Metadata.TryGetValue(HeaderKey, out string? text)
            || !_file.Metadata.TryGetValue(HashKey, out string? stored))
        {
            throw new TensorFormatException($"{_source}: this is no plan file; its metadata lacks {VersionKey}, {HeaderKey} or {HashKey}.");
        }

        if (version != PlanFile.Version.ToString())
        {
            throw new PlanMismatchException(
                $"{_source} is a plan file of version {version}; this program reads version {PlanFile.Version}.");
        }

        using PlanHash computed = new(text);
        foreach (TensorDescription tensor in _file.Tensors.OrderBy(static tensor => tensor.Name, StringComparer.Ordinal))
        {
            computed.BeginTensor(tensor.Name, tensor.DataType, tensor.Shape);
            computed.Append(_file.Bytes(tensor.Name));
        }

        hash = computed.Finish();
        return hash == stored
            ? text
            : throw new PlanMismatchException(
                $"{_source}: the content has SHA-256 {hash}, the file says {stored}; it was damaged or edited.");
    }

    private PlanFile Build(PlanHeader header)
    {
        AttentionShape shape = header.Shape is [int batch, int heads, int query, int key, int dim]
            ? new AttentionShape(batch, heads, query, key, dim)
            : throw new FormatException($"the shape has {header.Shape.Length} sizes; wanted 5");
        if (header.Plans.Contains(null) || header.Orders.Contains(null) || header.Masks.Contains(null)
            || header.Properties.ContainsValue(null!))
        {
            throw new FormatException("a plan, order, mask or property is null");
        }

        TokenOrder[] orders = ReadOrders(header.Orders);
        BlockMask[] masks = [.. header.Masks.Select((record, index) => ReadMask(record, index, shape))];
        AttentionPlan[] plans = [.. header.Plans.Select(record => ReadPlan(record, shape, orders, masks))];
        foreach (AttentionPlan plan in plans)
        {
            plan.Validate();
            PlanRows.RequireNonEmpty(plan);
        }

        float[] keptMass = _file.Contains(PlanHeader.KeptMassTensor) ? _file.ReadArray<float>(PlanHeader.KeptMassTensor) : [];
        return keptMass.Length == 0 || keptMass.Length == (long)plans.Length * shape.Heads
            ? new PlanFile
            {
                Schedule = ReadSchedule(header.Schedule, plans),
                Model = header.Model,
                Properties = header.Properties,
                KeptMass = keptMass,
            }
            : throw new FormatException($"the kept mass has {keptMass.Length} values for {plans.Length} plans of {shape.Heads} heads");
    }

    private PlanSchedule ReadSchedule(PlanHeader.ScheduleRecord record, AttentionPlan[] plans)
    {
        TensorDescription table = _file[PlanHeader.TableTensor];
        return table.Shape is [_, long layers and >= 1 and <= int.MaxValue]
            ? new PlanSchedule(
                record.Name, plans, EnumName.Parse<ScheduleAxis>(record.Axis), record.NoiseBoundaries,
                _file.ReadArray<int>(PlanHeader.TableTensor), (int)layers,
                new DensePolicy(record.FirstDenseSteps, record.FirstDenseLayers), record.DensePlan)
            : throw new FormatException($"tensor {table} is no table of rows and layers");
    }

    private static AttentionPlan ReadPlan(PlanHeader.PlanRecord record, AttentionShape shape, TokenOrder[] orders, BlockMask[] masks) =>
        new()
        {
            Name = record.Name,
            Shape = shape,
            Grid = record.Grid is null ? null : ParseGrid(record.Grid),
            Orders = [.. record.Orders.Select(index => orders[index])],
            Mask = masks[record.Mask],
            Recipe = record.Recipe.ToRecipe(),
            Scale = record.Scale,
            Normalization = EnumName.Parse<SoftmaxNormalization>(record.Normalization),
            ProbabilitySkipThreshold = record.ProbabilitySkipThreshold,
            ScoreModifier = record.ScoreModifier is null ? null : FunctorCodec.DecodeScore(record.ScoreModifier),
        };

    private TokenOrder[] ReadOrders(PlanHeader.OrderRecord[] records)
    {
        byte[] axes = _file.ReadArray<byte>(PlanHeader.AxisTensor);
        if (axes.Length != records.Length)
        {
            throw new FormatException($"{records.Length} token orders have {axes.Length} axis ids");
        }

        TokenOrder[] orders = new TokenOrder[records.Length];
        for (int i = 0; i < orders.Length; i++)
        {
            PlanHeader.OrderRecord record = records[i];
            int[] slots = axes[i] == PlanHeader.ExplicitAxis
                ? _file.ReadArray<int>(PlanHeader.SlotsTensor(i))
                : AxisSlots(record, ParseGrid(record.Grid ?? throw new FormatException(
                    $"token order {i} has an axis id but no grid")), axes[i]);
            orders[i] = slots.Length == record.Slots
                ? new TokenOrder(slots, record.Name, record.Alignment)
                : throw new FormatException($"token order {i} holds {slots.Length} slots, not {record.Slots}");
        }

        return orders;
    }

    private static int[] AxisSlots(PlanHeader.OrderRecord record, TokenGrid grid, byte axis)
    {
        if (record.Slots < grid.Tokens || record.Slots > MaximumAxisSlots)
        {
            throw new FormatException($"a token order over grid {grid} has {record.Slots} slots");
        }

        int[] slots = new int[record.Slots];
        Array.Fill(slots, TokenOrder.Padding);
        TokenOrder.ForAxisOrder(grid, new AxisOrder(axis)).TokenAtSlot.CopyTo(slots);
        return slots;
    }

    private static TokenGrid ParseGrid(string text)
    {
        TokenGrid grid = TokenGrid.Parse(text);
        return grid.Tokens <= PlanFile.MaximumTokens
            ? grid
            : throw new FormatException(
                $"grid {grid} exceeds {PlanFile.MaximumTokens} tokens");
    }

    private BlockMask ReadMask(PlanHeader.MaskRecord record, int index, AttentionShape shape)
    {
        if (record is not { Heads: >= 1, QuerySlots: >= 1, KeySlots: >= 1, QueryBlock: >= 1, KeyBlock: >= 1 })
        {
            throw new FormatException($"mask {index} needs positive sizes");
        }

        int queryBlocks = CeilingDivision.Of(record.QuerySlots, record.QueryBlock);
        int keyBlocks = CeilingDivision.Of(record.KeySlots, record.KeyBlock);
        (int[] fullStart, int[] full) = ReadBits(PlanHeader.FullTensor(index), record.Heads, queryBlocks, keyBlocks);
        int[] partialStart = new int[fullStart.Length];
        int[] partial = [];
        MaskPredicate? predicate = null;
        if (record.Predicate is not null)
        {
            predicate = FunctorCodec.DecodeMask(record.Predicate, shape);
            (partialStart, partial) = ReadBits(PlanHeader.PartialTensor(index), record.Heads, queryBlocks, keyBlocks);
            RequireDisjoint(index, fullStart, full, partialStart, partial);
        }

        return new BlockMask(
            record.Heads, record.QuerySlots, record.KeySlots, new BlockSize(record.QueryBlock, record.KeyBlock), fullStart, full,
            partialStart, partial, partial.Length > 0 ? predicate : null);
    }

    private (int[] Start, int[] Indices) ReadBits(string name, int heads, int queryBlocks, int keyBlocks)
    {
        TensorDescription tensor = _file[name];
        if (tensor.Shape is not [long h, long rows, long words]
            || h != heads
            || rows != queryBlocks
            || words != MaskBits.WordsPerRow(keyBlocks))
        {
            throw new FormatException(
                $"tensor {tensor} does not hold {heads} x {queryBlocks} rows of {MaskBits.WordsPerRow(keyBlocks)} words");
        }

        return MaskBits.Read(_file.ReadArray<ulong>(name), checked(heads * queryBlocks), keyBlocks);
    }

    private static void RequireDisjoint(int mask, int[] fullStart, int[] full, int[] partialStart, int[] partial)
    {
        for (int row = 0; row + 1 < fullStart.Length; row++)
        {
            ReadOnlySpan<int> fullRow = full.AsSpan(fullStart[row], fullStart[row + 1] - fullStart[row]);
            foreach (int block in partial.AsSpan(partialStart[row], partialStart[row + 1] - partialStart[row]))
            {
                if (fullRow.BinarySearch(block) >= 0)
                {
                    throw new FormatException($"mask {mask} has block {block} of row {row} both full and partial");
                }
            }
        }
    }
}
