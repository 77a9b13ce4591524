using System.Runtime.InteropServices;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Emulation;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Memory;
using Tessera.Numerics;

namespace Tessera.Cuda.Kernels.Tests.Probes;

/// <summary>
/// Inputs of the pipeline probe and its answer by plain loops: two heads, two tiles of queries of which the second is not whole, lists of
/// every length from none to all, a last key block that is not whole.
/// </summary>
internal sealed class PipelineCase
{
    private const int Heads = 2;
    private const int Rows = 150;
    private const int Tiles = 2;
    private const int RowsOfTile = 128;
    private const int Threads = 384;

    private readonly bool _isInteger;
    private readonly int _channels;
    private readonly int _keys;
    private readonly int _stages;
    private readonly byte[] _queryCodes;
    private readonly byte[] _keyCodes;
    private readonly byte[] _valueCodes;
    private readonly int[][] _lists;

    /// <summary>Draws the inputs of a kernel.</summary>
    /// <param name="kernel">Entry point.</param>
    /// <param name="positive">
    /// Whether no code is negative and values are small, so that sums only grow: those of one block stay below 2^14, those of a row do not.
    /// </param>
    public PipelineCase(string kernel, bool positive = false)
    {
        Kernel = kernel;
        _isInteger = kernel.Contains("int8", StringComparison.Ordinal);
        _channels = kernel.EndsWith("d64", StringComparison.Ordinal) ? 64 : 128;
        _stages = _channels == 64 ? 3 : 2;
        int blocks = positive ? 6 : 5;
        _keys = (blocks * _channels) - 40;
        Random random = new(3);
        int low = positive ? 0 : _isInteger ? -128 : -4, high = _isInteger ? 127 : 4;
        int valueLow = positive ? 0 : _isInteger ? -128 : -15, valueHigh = positive ? 7 : _isInteger ? 127 : 15;
        _queryCodes = Codes(random, Heads * Rows * _channels, low, high);
        _keyCodes = Codes(random, Heads * _keys * _channels, low, high);
        _valueCodes = Codes(random, Heads * _keys * _channels, valueLow, valueHigh);
        int[] all = [.. Enumerable.Range(0, blocks)];
        _lists = [[0, 2, 3, blocks - 1], [1], [], all];
        Expected = Answer();
    }

    public string Kernel { get; }

    /// <summary>[heads, rows, channels], modulo 2^16.</summary>
    private short[] Expected { get; }

    /// <summary>Runs the kernel and answers how many elements are wrong.</summary>
    public int Run(EmulatedKernels? kernels, EmulatedSchedule schedule, int accumulatorBits = 0)
    {
        using EmulatedDevice device = new(90, schedule, kernels) { AccumulatorBits = accumulatorBits };
        using DeviceData data = new(device);
        int paddedKeys = (_keys + 15) / 16 * 16;
        ulong output = data.Poisoned<short>(Expected.Length);
        PipelineParameters parameters = new()
        {
            Queries = Map(_queryCodes, [_channels, Rows, Heads], _channels, [_channels, 64, 1]),
            Keys = Map(_keyCodes, [_channels, _keys, Heads], _channels, [_channels, _channels, 1]),
            Values = Map(Permuted(paddedKeys), [paddedKeys, _channels, Heads], paddedKeys, [_channels, _channels, 1]),
            Output = data.PutMap(new TensorMap(
                new DevicePointer(output), TensorMapElement.UInt16, [_channels, Rows, Heads], [2 * _channels, 2 * _channels * Rows], [64, 64, 1],
                TensorMapSwizzle.Bytes128)),
            RowStart = data.Put<int>([0, .. Enumerable.Range(1, _lists.Length).Select(i => _lists.Take(i).Sum(static list => list.Length))]),
            Blocks = data.Put<int>([.. _lists.SelectMany(static list => list)]),
            Tiles = Tiles,
        };
        int shared = (2 * 64 * 128) + (2 * _stages * _channels * _channels) + (8 * ((4 * _stages) + 1));
        CudaDeviceCalls.Launch(device, Kernel, new LaunchShape(Tiles, Heads, 1, Threads, shared), parameters);
        return data.Get<short>(output, Expected.Length).Zip(Expected).Count(static pair => pair.First != pair.Second);

        ulong Map(byte[] codes, long[] extents, int pitch, int[] box) => data.PutMap(new TensorMap(
            new DevicePointer(data.Put<byte>(codes)), TensorMapElement.UInt8, extents, [pitch, pitch * extents[1]], box,
            _channels == 64 ? TensorMapSwizzle.Bytes64 : TensorMapSwizzle.Bytes128));
    }

    // o[q, c] = sum over listed keys of code(q . k) v[k, c].
    private short[] Answer()
    {
        short[] answer = new short[Heads * Rows * _channels];
        long[] row = new long[_channels];
        for (int i = 0; i < Heads * Rows; i++)
        {
            int head = i / Rows;
            Array.Clear(row);
            foreach (int key in _lists[(head * Tiles) + (i % Rows / RowsOfTile)].SelectMany(block => Enumerable.Range(block * _channels, _channels)))
            {
                if (key < _keys)
                {
                    Accumulate(row, _queryCodes.AsSpan(i * _channels, _channels), ((head * _keys) + key) * _channels);
                }
            }

            for (int c = 0; c < _channels; c++)
            {
                answer[(i * _channels) + c] = unchecked((short)row[c]);
            }
        }

        return answer;
    }

    private void Accumulate(long[] row, ReadOnlySpan<byte> query, int key)
    {
        int score = 0;
        for (int c = 0; c < _channels; c++)
        {
            score += Value(query[c]) * Value(_keyCodes[key + c]);
        }

        int code = _isInteger ? Math.Clamp(score >> 7, -127, 127) : (int)Math.Clamp(Math.Round(score / 8.0), -15, 15);
        for (int c = 0; c < _channels; c++)
        {
            row[c] += code * Value(_valueCodes[key + c]);
        }
    }

    // [heads, channels, keys], keys in the order in which two score tiles leave their accumulators.
    private byte[] Permuted(int paddedKeys)
    {
        byte[] values = new byte[Heads * _channels * paddedKeys];
        for (int position = 0; position < paddedKeys; position++)
        {
            int c = position % 16 / 4, i = position % 4;
            int key = (position / 16 * 16) + (2 * c) + (i % 2) + (8 * (i / 2));
            for (int channel = 0; key < _keys && channel < Heads * _channels; channel++)
            {
                values[(channel * paddedKeys) + position] = _valueCodes[(((channel / _channels * _keys) + key) * _channels) + (channel % _channels)];
            }
        }

        return values;
    }

    private byte[] Codes(Random random, int count, int low, int high)
    {
        byte[] codes = new byte[count];
        for (int i = 0; i < count; i++)
        {
            int value = random.Next(low, high + 1);
            codes[i] = _isInteger ? unchecked((byte)value) : ((Float8E4M3)(float)value).Bits;
        }

        return codes;
    }

    private int Value(byte code) => _isInteger ? (sbyte)code : (int)Float8E4M3.DecodeTable[code];

    /// <summary>Mirror of PipelineProbeParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct PipelineParameters
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
