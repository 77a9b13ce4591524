using Tessera.Attention;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Launch.Parameters;
using Tessera.Layout;
using Tessera.Quantization;

namespace Tessera.Cuda.Kernels.Tests;

/// <summary>
/// The kernels that prepare operands, called as plainly as can be: what the backend does with heuristics and arenas, done here by hand, so
/// that kernels are judged alone.
/// </summary>
internal sealed class KernelOperands(DeviceData data, AttentionShape shape, IReadOnlyList<TokenOrder> orders, TokenGrid? grid = null)
{
    public DeviceData Data { get; } = data;

    public int PaddedChannels { get; } = shape.HeadDim <= 64 ? 64 : 128;

    public int Pairs { get; } = shape.Batch * shape.Heads;

    public RotaryEmbedding? Rotary { get; init; }

    public ulong Fault { get; init; }

    public int Slots(int tokens) => orders.Count == 0 ? tokens : orders[0].Slots;

    public int PaddedSlots(int tokens) => Padded(Slots(tokens));

    public static int Ceiling(int count, int size) => (count + size - 1) / size;

    public static int Padded(int slots) => Ceiling(slots, KernelCatalogue.RowSlots) * KernelCatalogue.RowSlots;

    /// <summary>Rows of a dense [B, H, L, D] tensor, or [B, L, H, D] when <paramref name="tokensFirst"/>.</summary>
    public RowsParameters Rows(ulong source, int tokens, bool turned, ulong mean = 0, TensorFormat format = TensorFormat.Float32, bool tokensFirst = false)
    {
        RowsParameters rows = new()
        {
            Source = source,
            BatchStride = (long)shape.Heads * tokens * shape.HeadDim,
            HeadStride = tokensFirst ? shape.HeadDim : (long)tokens * shape.HeadDim,
            TokenStride = tokensFirst ? (long)shape.Heads * shape.HeadDim : shape.HeadDim,
            Order = Order,
            Mean = mean,
            Fault = Fault,
            Format = format,
            Heads = shape.Heads,
            OrderHeads = OrderHeads,
            Slots = Slots(tokens),
            PaddedSlots = PaddedSlots(tokens),
            Channels = shape.HeadDim,
            RotaryFirst1 = shape.HeadDim / 2,
            RotaryFirst2 = shape.HeadDim / 2,
        };
        if (turned && Rotary is not null)
        {
            AddRotary(ref rows);
        }

        return rows;
    }

    public int OrderHeads => orders.Count <= 1 ? 1 : orders.Count;

    public ulong Order { get; } = orders.Count == 0
        ? 0
        : data.Put<int>(orders.SelectMany(static order => order.TokenAtSlot.ToArray()).ToArray());

    /// <summary>Channel means of keys.</summary>
    public ulong Means(in RowsParameters rows)
    {
        int chunks = Ceiling(rows.Slots, 64);
        ChannelSumsParameters sums = new() { Rows = rows, Sums = Data.Poisoned<double>((long)Pairs * chunks * PaddedChannels), Chunks = chunks };
        Launch($"channel_sums_d{PaddedChannels}", Ceiling(chunks, 4), Pairs, sums);
        ChannelMeansParameters means = new()
        {
            Sums = sums.Sums,
            Means = Data.Poisoned<float>((long)Pairs * shape.HeadDim),
            Chunks = chunks,
            Channels = shape.HeadDim,
            PaddedChannels = PaddedChannels,
            Tokens = orders.Count == 0 ? rows.Slots : orders[0].Tokens,
        };
        Launch("channel_means", Pairs, 1, means);
        return means.Means;
    }

    /// <summary>Codes and slot scales of Q or K.</summary>
    public (ulong Codes, ulong Scales, ulong Constants) Quantize(
        RowsParameters rows, OperandFormat format, AttentionOperand operand, ulong keyMean = 0, float softmaxScale = 0)
    {
        bool narrow = format.Format == NumberFormat.BFloat16;
        long codes = (long)Pairs * rows.PaddedSlots * PaddedChannels * (narrow ? 2 : 1);
        QuantizeRowsParameters parameters = new()
        {
            Rows = rows,
            Codes = Data.Poisoned<byte>(codes),
            Scales = narrow ? 0 : Data.Poisoned<float>((long)Pairs * rows.PaddedSlots),
            ConstantMean = keyMean,
            RowConstants = keyMean == 0 ? 0 : Data.Poisoned<float>((long)Pairs * rows.PaddedSlots),
            GroupRows = GroupRows(format),
            MaximumCode = narrow ? 1 : format.Format.MaximumCode(),
            ConstantFactor = softmaxScale,
        };
        if (parameters.GroupRows == 0 && !narrow)
        {
            ScaleGroups[] groups = [.. Enumerable.Range(0, OrderHeads).Select(head =>
                ScaleGroups.Create(format, operand, rows.Slots, shape.HeadDim, orders.Count == 0 ? null : orders[head], grid))];
            bool shared = format.Granularity == QuantizationGranularity.PerTensor;
            parameters.SlotGroups = Data.Put<int>(groups.SelectMany(static map => map.SlotGroups.ToArray()).ToArray());
            parameters.GroupStride = shared ? 0 : groups[0].SlotGroupCount;
            parameters.GroupMaxima = Data.Zeros<uint>((long)Pairs * groups[0].SlotGroupCount);
            Launch($"group_maxima_d{PaddedChannels}", rows.PaddedSlots / KernelCatalogue.RowSlots, Pairs, new GroupMaximaParameters
            {
                Rows = rows,
                GroupMaxima = parameters.GroupMaxima,
                SlotGroups = parameters.SlotGroups,
                GroupStride = parameters.GroupStride,
            });
        }

        Launch(Name("quantize_rows", format.Format), rows.PaddedSlots / KernelCatalogue.RowSlots, Pairs, parameters);
        return (parameters.Codes, parameters.Scales, parameters.RowConstants);
    }

    /// <summary>Codes and channel scales of V.</summary>
    public (ulong Codes, ulong Scales, int Groups) QuantizeValues(RowsParameters rows, OperandFormat format)
    {
        bool narrow = format.Format is NumberFormat.BFloat16 or NumberFormat.Float16;
        int groupSlots = narrow ? 0 : format.Group;
        int groups = groupSlots == 0 ? 1 : Ceiling(rows.Slots, groupSlots);
        QuantizeValuesParameters parameters = new()
        {
            Rows = rows,
            Codes = Data.Poisoned<byte>((long)Pairs * rows.PaddedSlots * PaddedChannels * (narrow ? 2 : 1)),
            Scales = narrow ? 0 : Data.Poisoned<float>((long)Pairs * groups * PaddedChannels),
            GroupSlots = groupSlots,
            Groups = groups,
            MaximumCode = narrow ? 1 : format.Format.MaximumCode(),
        };
        if (!narrow && groupSlots != KernelCatalogue.KeySlots)
        {
            parameters.Maxima = Data.Zeros<uint>((long)Pairs * groups * PaddedChannels);
            Launch($"value_maxima_d{PaddedChannels}", rows.PaddedSlots / KernelCatalogue.KeySlots, Pairs, new ValueMaximaParameters
            {
                Rows = rows,
                Maxima = parameters.Maxima,
                GroupSlots = groupSlots,
                Groups = groups,
            });
        }

        Launch(Name("quantize_values", format.Format), rows.PaddedSlots / KernelCatalogue.KeySlots, Pairs, parameters);
        return (parameters.Codes, parameters.Scales, groups);
    }

    public void Launch<T>(string kernel, int gridX, int gridY, in T parameters)
        where T : unmanaged
    {
        KernelInstance instance = KernelCatalogue.Find(kernel);
        Driver.CudaDeviceCalls.Launch(Data.Device, kernel, new LaunchShape(gridX, gridY, 1, instance.Threads, instance.SharedBytes), parameters);
    }

    private static int GroupRows(OperandFormat format) => format.Granularity switch
    {
        QuantizationGranularity.PerToken => 1,
        QuantizationGranularity.PerBlock when format.Group is 16 or 32 or 64 or 128 => format.Group,
        _ => 0,
    };

    private string Name(string kernel, NumberFormat format) => format switch
    {
        NumberFormat.BFloat16 => $"{kernel}_bf16_d{PaddedChannels}",
        NumberFormat.Float16 => $"{kernel}_f16_d{PaddedChannels}",
        NumberFormat.Float8E4M3 => $"sm89_{kernel}_e4m3_d{PaddedChannels}",
        _ => $"{kernel}_int8_d{PaddedChannels}",
    };

    /// <summary>The tables of <see cref="RotaryEmbedding.ForGrid(TokenGrid, int, double)"/>, from angles.</summary>
    private void AddRotary(ref RowsParameters rows)
    {
        TokenGrid tokens = grid!.Value;
        int side = shape.HeadDim / 6;
        int[] first = [0, (shape.HeadDim / 2) - (2 * side), (shape.HeadDim / 2) - side, shape.HeadDim / 2];
        List<float> factors = [];
        int[] offsets = new int[3];
        for (int axis = 0; axis < 3; axis++)
        {
            offsets[axis] = factors.Count / 2;
            for (int position = 0; position < tokens.Extent((GridAxis)axis); position++)
            {
                int token = tokens.IndexOf(axis == 0 ? position : 0, axis == 1 ? position : 0, axis == 2 ? position : 0);
                for (int pair = first[axis]; pair < first[axis + 1]; pair++)
                {
                    (double sine, double cosine) = Math.SinCos(Rotary!.Angle(token, pair));
                    factors.Add((float)cosine);
                    factors.Add((float)sine);
                }
            }
        }

        int[] positions = new int[3 * tokens.Tokens];
        for (int token = 0; token < tokens.Tokens; token++)
        {
            (int frame, int row, int column) = tokens.IsText(token) ? (-1, -1, -1) : tokens.CoordinatesOf(token);
            (positions[3 * token], positions[(3 * token) + 1], positions[(3 * token) + 2]) = (frame, row, column);
        }

        rows.RotaryPositions = Data.Put<int>(positions);
        rows.RotaryFactors = Data.Put<float>(factors.ToArray());
        (rows.RotaryFirst1, rows.RotaryFirst2) = (first[1], first[2]);
        (rows.RotaryOffset1, rows.RotaryOffset2) = (offsets[1], offsets[2]);
    }
}
