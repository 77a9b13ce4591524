using System.Runtime.InteropServices;
using Tessera.Cuda.Memory;

namespace GpuCheck.Probes;

/// <summary>
/// Kernels in the shape of block-sparse attention on sm_90a, with whole numbers for a softmax: two heads, two tiles of queries of which the
/// second is not whole, lists of every length from none to all, a last key block that is not whole.
/// </summary>
internal sealed class BlockSparseProbes
{
    private const int Heads = 2;
    private const int Rows = 150;
    private const int Tiles = 2;
    private const int RowsOfTile = 128;

    private readonly bool _isInteger;
    private readonly int _channels;
    private readonly int _keys;
    private readonly int[] _query;
    private readonly int[] _key;
    private readonly int[] _value;
    private readonly int[][] _lists;

    private BlockSparseProbes(bool isInteger, int channels, bool grows)
    {
        _isInteger = isInteger;
        _channels = channels;
        int blocks = grows ? 6 : 5;
        _keys = (blocks * channels) - 40;
        Random random = new(3);
        (int low, int high, int valueHigh) = isInteger ? (-128, 127, 127) : grows ? (0, 4, 7) : (-4, 4, 15);
        _query = Draw(random, Rows, low, high);
        _key = Draw(random, _keys, low, high);
        _value = Draw(random, _keys, grows ? 0 : isInteger ? -128 : -15, valueHigh);
        _lists = [[0, 2, 3, blocks - 1], [1], [], [.. Enumerable.Range(0, blocks)]];
    }

    /// <summary>A producer and two consumers that take turns over a ring of stages.</summary>
    public static IReadOnlyList<InstructionProbe> Pipelines { get; } =
        [Pipeline(true, 64, stages: 3), Pipeline(true, 128, stages: 2), Pipeline(false, 128, stages: 2)];

    /// <summary>One warpgroup that does everything.</summary>
    public static IReadOnlyList<InstructionProbe> Warpgroups { get; } = [Warpgroup(false, 64), Warpgroup(true, 128)];

    /// <summary>
    /// E4M3 without a negative number, so that sums only grow: those of one key block stay below 2^14, those of a row do not. An
    /// accumulator of 14 bits is exact only where it begins anew with each block.
    /// </summary>
    public static ProbeData Growing() => new BlockSparseProbes(isInteger: false, 128, grows: true).Data();

    private static InstructionProbe Pipeline(bool isInteger, int channels, int stages) => new(
        $"probe_pipeline_{Name(isInteger, channels)}", "sm90a_pipeline_probe.cu", 384, SharedBytes(channels, stages),
        [
            .. Shared(isInteger, channels), "bar.arrive", "setmaxnreg.dec.sync.aligned.u32", "setmaxnreg.inc.sync.aligned.u32",
            "elect.sync", "selp.b32",
        ],
        () => new BlockSparseProbes(isInteger, channels, grows: false).Data());

    // Two blocks of threads for each tile.
    private static InstructionProbe Warpgroup(bool isInteger, int channels) => new(
        $"probe_one_warpgroup_{Name(isInteger, channels)}", "sm90a_one_warpgroup_probe.cu", 128, SharedBytes(channels, stages: 1),
        Shared(isInteger, channels),
        () => new BlockSparseProbes(isInteger, channels, grows: false).Data() with { Blocks = 2 * Tiles * Heads });

    private static string Name(bool isInteger, int channels) => $"{(isInteger ? "int8" : "e4m3")}_d{channels}";

    private static int SharedBytes(int channels, int stages) =>
        (2 * 64 * 128) + (2 * stages * channels * channels) + (8 * ((4 * stages) + 1));

    private static string[] Shared(bool isInteger, int channels) =>
    [
        $"wgmma.mma_async.sync.aligned.m64n{channels}k32.{(isInteger ? "s32.s8.s8" : "f32.e4m3.e4m3")}", "wgmma.fence.sync.aligned",
        "wgmma.commit_group.sync.aligned", "wgmma.wait_group.sync.aligned", "bar.sync", "fence.proxy.async.shared::cta",
        "stmatrix.sync.aligned.m8n8.x4.shared.b16", "cp.async.bulk.tensor.3d.global.shared::cta.bulk_group", "cp.async.bulk.commit_group",
        "cp.async.bulk.wait_group.read",
    ];

    private ProbeData Data()
    {
        int paddedKeys = (_keys + 15) / 16 * 16;
        byte[] queries = Codes(_query), keys = Codes(_key), values = Permuted(paddedKeys);
        int[] starts = [0, .. Enumerable.Range(1, _lists.Length).Select(i => _lists.Take(i).Sum(static list => list.Length))];
        byte[] lists = MemoryMarshal.AsBytes<int>([.. starts, .. _lists.SelectMany(static list => list)]).ToArray();
        int keysAt = queries.Length, valuesAt = keysAt + keys.Length, listsAt = valuesAt + values.Length;
        TensorMapSwizzle swizzle = _channels == 64 ? TensorMapSwizzle.Bytes64 : TensorMapSwizzle.Bytes128;
        int[] tile = [_channels, _channels, 1];
        return new ProbeData(MemoryMarshal.Cast<byte, uint>([.. queries, .. keys, .. values, .. lists]).ToArray(), Answer(), 0)
        {
            Blocks = Tiles * Heads,
            Maps =
            [
                (input, _) => new TensorMap(
                    input, TensorMapElement.UInt8, [_channels, Rows, Heads], [_channels, _channels * Rows], [_channels, 64, 1], swizzle),
                (input, _) => new TensorMap(
                    input + keysAt, TensorMapElement.UInt8, [_channels, _keys, Heads], [_channels, _channels * _keys], tile, swizzle),
                (input, _) => new TensorMap(
                    input + valuesAt, TensorMapElement.UInt8, [paddedKeys, _channels, Heads], [paddedKeys, paddedKeys * _channels],
                    tile, swizzle),
                (_, output) => new TensorMap(
                    output, TensorMapElement.UInt16, [_channels, Rows, Heads], [2 * _channels, 2 * _channels * Rows], [64, 64, 1],
                    TensorMapSwizzle.Bytes128),
            ],
            Parameters = addresses => ProbeRun.Bytes(new Parameters
            {
                Queries = addresses.Maps[0],
                Keys = addresses.Maps[1],
                Values = addresses.Maps[2],
                Output = addresses.Maps[3],
                RowStart = addresses.Input + (ulong)listsAt,
                Blocks = addresses.Input + (ulong)listsAt + (ulong)(sizeof(int) * starts.Length),
                Tiles = Tiles,
            }),
        };
    }

    // o[q, c] = sum over listed keys of code(q . k) v[k, c], modulo 2^16; two a word.
    private uint[] Answer()
    {
        short[] answer = new short[Heads * Rows * _channels];
        for (int i = 0; i < Heads * Rows; i++)
        {
            int head = i / Rows;
            Span<short> row = answer.AsSpan(i * _channels, _channels);
            foreach (int block in _lists[(head * Tiles) + (i % Rows / RowsOfTile)])
            {
                for (int key = block * _channels; key < Math.Min((block + 1) * _channels, _keys); key++)
                {
                    Accumulate(row, _query.AsSpan(i * _channels, _channels), ((head * _keys) + key) * _channels);
                }
            }
        }

        return MemoryMarshal.Cast<short, uint>(answer).ToArray();
    }

    private void Accumulate(Span<short> row, ReadOnlySpan<int> query, int key)
    {
        int score = 0;
        for (int c = 0; c < _channels; c++)
        {
            score += query[c] * _key[key + c];
        }

        int code = _isInteger ? Math.Clamp(score >> 7, -127, 127) : (int)Math.Clamp(Math.Round(score / 8.0), -15, 15);
        for (int c = 0; c < _channels; c++)
        {
            row[c] = unchecked((short)(row[c] + (code * _value[key + c])));
        }
    }

    // [heads, channels, keys], keys in the order in which two score tiles leave their accumulators.
    private byte[] Permuted(int paddedKeys)
    {
        int[] values = new int[Heads * _channels * paddedKeys];
        for (int position = 0; position < paddedKeys; position++)
        {
            int c = position % 16 / 4, i = position % 4;
            int key = (position / 16 * 16) + (2 * c) + (i % 2) + (8 * (i / 2));
            for (int channel = 0; key < _keys && channel < Heads * _channels; channel++)
            {
                int row = (channel / _channels * _keys) + key;
                values[(channel * paddedKeys) + position] = _value[(row * _channels) + (channel % _channels)];
            }
        }

        return Codes(values);
    }

    private int[] Draw(Random random, int rows, int low, int high)
    {
        int[] values = new int[Heads * rows * _channels];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = random.Next(low, high + 1);
        }

        return values;
    }

    private byte[] Codes(int[] values) =>
        [.. values.Select(value => _isInteger ? unchecked((byte)value) : (byte)Rounding.Float8Of(value))];

    /// <summary>Mirror of PipelineProbeParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Parameters
    {
        public ulong Queries;
        public ulong Keys;
        public ulong Values;
        public ulong Output;
        public ulong RowStart;
        public ulong Blocks;
        public int Tiles;
        public int Reserved;
    }
}
