using System.Runtime.InteropServices;
using Tessera.Cuda.Emulation;

namespace Tessera.Cuda.Kernels.Tests.Offsets;

/// <summary>
/// Offsets cut to 32 bits, one at a time: all are planted into one copy of the kernels, each behind a switch that the test turns, so that
/// one build serves them all.
/// </summary>
internal static unsafe class OffsetFaults
{
    private const string Rows = "rows.cuh";
    private const string QuantizeRows = "quantize_rows.cuh";
    private const string QuantizeValues = "quantize_values.cuh";
    private const string Statistics = "statistics.cuh";
    private const string Attend = "attend.cuh";

    // The expression that is cut, as it stands in the file, and the suite that has to see it.
    private static readonly (string Name, string File, string Line, string Offset, Action<EmulatedKernels> Suite)[] All =
    [
        ("elements of a source", Rows, "const s64 index = head.offset + token * p.tokenStride + channel;", "head.offset + token * p.tokenStride + channel", FarRows.Quantize),
        ("heads of a source", Rows, "result.offset = batch * p.batchStride + head * p.headStride;", "batch * p.batchStride + head * p.headStride", FarRows.Quantize),
        ("tokens of a source", Rows, "token * p.tokenStride", "token * p.tokenStride", FarRows.Values),
        ("order of rows", Rows, "p.order + 4ull * u64(result.orderHead) * u64(p.slots)", "4ull * u64(result.orderHead) * u64(p.slots)", FarRows.Values),
        ("positions", Rows, "p.rotaryPositions + 12ull * u64(token)", "12ull * u64(token)", FarRows.Quantize),
        ("rotary factors", Rows, "8 * u64(table + row + pair - first)", "8 * u64(table + row + pair - first)", FarRows.Quantize),
        ("codes of rows", QuantizeRows, "(row * kChannels + u64(channel)) * Code::kBytes", "(row * kChannels + u64(channel)) * Code::kBytes", FarRows.Quantize),
        ("scales of rows", QuantizeRows, "p.scales + 4 * row", "4 * row", FarRows.Quantize),
        ("groups of slots", QuantizeRows, "4ull * u64(head.orderHead * s64(p.rows.slots) + slot)", "4ull * u64(head.orderHead * s64(p.rows.slots) + slot)", FarRows.Quantize),
        ("maxima that are read", QuantizeRows, "4ull * u64(batchHead * s64(p.groupStride) + group)", "4ull * u64(batchHead * s64(p.groupStride) + group)", FarRows.Quantize),
        ("constants of rows", QuantizeRows, "p.rowConstants + 4 * row", "4 * row", FarRows.Quantize),
        ("groups of slots in statistics", Statistics, "4ull * u64(head.orderHead * s64(p.rows.slots) + slot)", "4ull * u64(head.orderHead * s64(p.rows.slots) + slot)", FarRows.Quantize),
        ("maxima that are made", Statistics, "4 * u64(batchHead * s64(p.groupStride) + group)", "4 * u64(batchHead * s64(p.groupStride) + group)", FarRows.Quantize),
        ("sums that are made", Statistics, "8 * (row + u64(i))", "8 * (row + u64(i))", FarRows.Sum),
        ("sums that are read", Statistics, "8 * (u64(block_x()) * u64(p.chunks) * u64(p.paddedChannels) + u64(channel))", "8 * (u64(block_x()) * u64(p.chunks) * u64(p.paddedChannels) + u64(channel))", FarRows.Sum),
        ("maxima of values", QuantizeValues, "4 * u64(group * kChannels + thread_index())", "4 * u64(group * kChannels + thread_index())", FarRows.Values),
        ("scales of values", QuantizeValues, "const u64 first = 4 * u64(group * kChannels);", "4 * u64(group * kChannels)", FarRows.Values),
        ("codes of values", QuantizeValues, "(row * u64(p.rows.paddedSlots) + u64(firstSlot + 16 * sixteen)) * Code::kBytes", "(row * u64(p.rows.paddedSlots) + u64(firstSlot + 16 * sixteen)) * Code::kBytes", FarRows.Values),
        ("queries", Attend, "p.queries + first * T::kRowBytes", "first * T::kRowBytes", FarAttention.Attend),
        ("keys", Attend, "p.keys + first * Tile::kRowBytes", "first * Tile::kRowBytes", FarAttention.Attend),
        ("values", Attend, "u64(batchHead) * Tile::kChannels * stride", "u64(batchHead) * Tile::kChannels * stride", FarAttention.Attend),
        ("scales of queries", Attend, "p.queryScales + 4 * (u64(batchHead) * u64(p.queryPaddedSlots) + u64(rows[r]))", "4 * (u64(batchHead) * u64(p.queryPaddedSlots) + u64(rows[r]))", FarAttention.Attend),
        ("scales of keys", Attend, "p.keyScales + 4 * first", "4 * first", FarAttention.Attend),
        ("scales of values", Attend, "p.valueScales + 4 * group * Tile::kChannels", "4 * group * Tile::kChannels", FarAttention.Attend),
        ("beginnings of lists", Attend, "list.begin = load_s32(p.rowStart + 4 * u64(row));", "4 * u64(row)", FarAttention.Attend),
        ("ends of lists", Attend, "list.end = load_s32(p.rowStart + 4 * u64(row + 1));", "4 * u64(row + 1)", FarAttention.Attend),
        ("blocks of lists", Attend, "p.blocks + 4 * u64(entry)", "4 * u64(entry)", FarAttention.Attend),
        ("masks of blocks", Attend, "p.blockMasks + 4 * u64(entry)", "4 * u64(entry)", FarAttention.Attend),
        ("bits of masks", Attend, "8 * (u64(block.mask) * u64(p.maskRowSlots) + u64(row % p.maskRowSlots))", "8 * (u64(block.mask) * u64(p.maskRowSlots) + u64(row % p.maskRowSlots))", FarAttention.Attend),
        ("counts of blocks", Attend, "4 * u64(orderHead * s64(p.keyBlocks) + block.index)", "4 * u64(orderHead * s64(p.keyBlocks) + block.index)", FarAttention.Attend),
        ("order of queries", Attend, "4 * u64(orderRow * s64(p.querySlots) + rows[r])", "4 * u64(orderRow * s64(p.querySlots) + rows[r])", FarAttention.Attend),
        ("constants of queries", Attend, "p.rowConstants + 4 * (u64(batchHead) * u64(p.queryPaddedSlots) + u64(rows[r]))", "4 * (u64(batchHead) * u64(p.queryPaddedSlots) + u64(rows[r]))", FarAttention.Attend),
        ("log-sum-exp", Attend, "4 * (u64(batchHead) * u64(p.queryTokens) + u64(token))", "4 * (u64(batchHead) * u64(p.queryTokens) + u64(token))", FarAttention.Attend),
        ("sequences and heads of the output", Attend, "batchHead / p.heads * p.outputBatchStride + head * p.outputHeadStride", "batchHead / p.heads * p.outputBatchStride + head * p.outputHeadStride", FarAttention.Attend),
        ("tokens of the output", Attend, "token * p.outputTokenStride", "token * p.outputTokenStride", FarAttention.Attend),
        ("elements of the output", Attend, "const u64 index = u64(first + channel);", "u64(first + channel)", FarAttention.Attend),
    ];

    private static readonly Lazy<(EmulatedKernels Kernels, nint Library)> Planted = new(Build);

    /// <summary>Names of what is cut.</summary>
    public static IEnumerable<string> Names => All.Select(static (fault, index) => $"{index + 1}: {fault.Name}");

    /// <summary>The kernels with every fault asleep.</summary>
    public static EmulatedKernels Asleep
    {
        get
        {
            Wake(0);
            return Planted.Value.Kernels;
        }
    }

    /// <summary>Wakes one fault and runs the suite that has to fail.</summary>
    public static void Run(string name)
    {
        int number = int.Parse(name.Split(':')[0], System.Globalization.CultureInfo.InvariantCulture);
        Wake(number);
        try
        {
            All[number - 1].Suite(Planted.Value.Kernels);
        }
        finally
        {
            Wake(0);
        }
    }

    private static void Wake(int number) =>
        ((delegate* unmanaged<int, void>)NativeLibrary.GetExport(Planted.Value.Library, "tessera_cut"))(number);

    private static (EmulatedKernels Kernels, nint Library) Build()
    {
        string folder = Directory.CreateTempSubdirectory("tessera-offsets-").FullName;
        try
        {
            foreach (string source in Directory.GetFiles(EmulationBuild.KernelFolder, "*.cu*"))
            {
                // Of the attention kernels one is enough.
                IEnumerable<string> lines = File.ReadLines(source).Where(static line =>
                    !line.StartsWith("TESSERA_ATTEND(", StringComparison.Ordinal)
                    || line.Contains("int8_pv_block_sparse_d64_r64_fine_quantized", StringComparison.Ordinal));
                File.WriteAllLines(Path.Combine(folder, Path.GetFileName(source)), lines);
            }

            for (int i = 0; i < All.Length; i++)
            {
                Plant(folder, i);
            }

            string prims = Path.Combine(folder, "prims.cuh");
            string text = File.ReadAllText(prims);
            int end = text.LastIndexOf("#endif", StringComparison.Ordinal);
            File.WriteAllText(prims, text.Insert(end, """
                inline int tessera_cut_number = 0;
                extern "C" __attribute__((visibility("default"), used)) inline void tessera_cut(int number) { tessera_cut_number = number; }
                template <class T> static inline T tessera_cut_at(int number, T offset) { return tessera_cut_number == number ? T(u32(offset)) : offset; }

                """));
            string library = EmulationBuild.Build(folder, ["quantize_rows.cu", "quantize_values.cu", "sm80_int8_qk_int8_pv_block_sparse.cu"]);
            return (new EmulatedKernels(library), NativeLibrary.Load(library));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Plant(string folder, int index)
    {
        (string name, string file, string line, string offset, _) = All[index];
        string path = Path.Combine(folder, file);
        string text = File.ReadAllText(path);
        int at = text.IndexOf(line, StringComparison.Ordinal);
        int inside = line.IndexOf(offset, StringComparison.Ordinal);
        if (at < 0 || inside < 0 || text.IndexOf(line, at + 1, StringComparison.Ordinal) >= 0)
        {
            throw new InvalidOperationException($"'{line}' does not stand once in {file}: bring the fault '{name}' up to date.");
        }

        File.WriteAllText(path, text.Remove(at + inside, offset.Length).Insert(at + inside, $"tessera_cut_at({index + 1}, {offset})"));
    }
}
