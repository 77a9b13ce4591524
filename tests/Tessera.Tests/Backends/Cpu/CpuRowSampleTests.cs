using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Layout;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Backends.Cpu;

/// <summary>Sampled rows under masks against two-pass softmax rows in double.</summary>
public sealed class CpuRowSampleTests
{
    [Theory]
    [InlineData(450, 64, 64)]
    [InlineData(301, 33, 128)]
    [InlineData(1, 1, 16)]
    [InlineData(129, 5, 1)]
    [InlineData(4099, 17, 40)]
    [InlineData(260, 64, 256)]
    public void RowsEqualDouble(int tokens, int rows, int headDim)
    {
        SeededInputs inputs = SeededInputs.Biased(new AttentionShape(2, 2, tokens, tokens, headDim));
        double scale = 1 / Math.Sqrt(headDim);
        Random random = new(tokens);
        int[] queries = [.. Enumerable.Range(0, rows).Select(_ => random.Next(tokens))];
        KeyRun[][] masks = Masks(tokens, random);
        double[] exact = new double[(1 + masks.Length) * rows * headDim];
        float[] plain = new float[exact.Length];
        RowOracle.Sample<double>(inputs.Inputs, 1, 1, scale, queries, masks, exact);
        RowOracle.Sample<float>(inputs.Inputs, 1, 1, scale, queries, masks, plain);
        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            float[] actual = new float[exact.Length];
            new CpuMapReader(options).ReadRows(inputs.Inputs, 1, 1, scale, queries, masks, actual);
            NumericAssert.WithinBudget(exact, plain, actual);
            AssertUnseenRowsAreZero(actual, masks.Length, rows, headDim);

            float[] single = new float[exact.Length];
            new CpuMapReader(options with { Threads = 1 }).ReadRows(inputs.Inputs, 1, 1, scale, queries, masks, single);
            NumericAssert.BitwiseEqual(actual, single);
        }
    }

    [Fact]
    public void ScoresThatGrowKeyAfterKeyAreRescaled()
    {
        AttentionShape shape = new(1, 1, 3000, 3000, 16);
        SeededInputs inputs = SeededInputs.Normal(shape);
        for (int token = 0; token < 3000; token++)
        {
            inputs.Query[token * 16] = 1;
            inputs.Key[token * 16] = token * 0.2f;
        }

        int[] queries = [0, 7, 2999];
        KeyRun[][] masks = [[new KeyRun(0, 1), new KeyRun(1000, 2), new KeyRun(1500, 0)]];
        double[] exact = new double[2 * 3 * 16];
        float[] plain = new float[exact.Length];
        float[] actual = new float[exact.Length];
        RowOracle.Sample<double>(inputs.Inputs, 0, 0, 0.1, queries, masks, exact);
        RowOracle.Sample<float>(inputs.Inputs, 0, 0, 0.1, queries, masks, plain);
        CpuMapReader.Shared.ReadRows(inputs.Inputs, 0, 0, 0.1, queries, masks, actual);

        // Under the mask row 1 sees keys whose weights are 2^-400 of the row's largest: only dense rows can be compared.
        NumericAssert.WithinBudget(exact.AsSpan(0, 48), plain.AsSpan(0, 48), actual.AsSpan(0, 48));
        NumericAssert.AllFinite(actual);
    }

    // Rows of 16-bit types are widened, and rows with a rotary embedding turned, as they are read: the same bits as reading them so.
    [Theory]
    [InlineData(NumberFormat.BFloat16)]
    [InlineData(NumberFormat.Float16)]
    [InlineData(NumberFormat.Float32)]
    public void NarrowAndTurnedRowsAreReadAsAttentionSeesThem(NumberFormat format)
    {
        TokenGrid grid = new(3, 11, 10);
        NarrowInputs inputs = new(SeededInputs.Biased(new AttentionShape(1, 2, grid.Tokens, grid.Tokens, 64)), format);
        RotaryEmbedding? rotary = format == NumberFormat.Float32 ? RotaryEmbedding.ForGrid(grid, 64) : null;
        AttentionInputs narrow = inputs.Inputs with { Rotary = rotary };
        KeyRun[][] masks = Masks(grid.Tokens, new Random(3));
        int[] queries = [5, 329, 100];
        float[] actual = new float[(1 + masks.Length) * 3 * 64];
        CpuMapReader.Shared.ReadRows(narrow, 0, 1, 0.1, queries, masks, actual);

        AttentionInputs widened = inputs.Widened;
        float[] query = Turned(narrow.Query);
        float[] key = Turned(narrow.Key);
        float[] value = Turned(narrow.Value);
        float[] wanted = new float[actual.Length];
        CpuMapReader.Shared.ReadRows(new AttentionInputs(widened.Shape, query, key, value), 0, 1, 0.1, queries, masks, wanted);
        NumericAssert.BitwiseEqual(wanted, actual);

        static float[] Turned(InputTensor tensor)
        {
            float[] rows = new float[tensor.Heads * tensor.Tokens * tensor.Channels];
            for (int row = 0; row < tensor.Heads * tensor.Tokens; row++)
            {
                tensor.CopyRow(0, row / tensor.Tokens, row % tensor.Tokens, rows.AsSpan(row * tensor.Channels, tensor.Channels));
            }

            return rows;
        }
    }

    [Fact]
    public void NothingOutsideTheTensorsIsTouched()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        foreach ((int tokens, int headDim) in ((int, int)[])[(131, 7), (30, 33), (64, 64)])
        {
            AttentionShape shape = new(1, 1, tokens, tokens, headDim);
            SeededInputs inputs = SeededInputs.Normal(shape);
            KeyRun[][] masks = Masks(tokens, new Random(1));
            float[] wanted = new float[(1 + masks.Length) * 2 * headDim];
            CpuMapReader.Shared.ReadRows(inputs.Inputs, 0, 0, 0.1, [0, tokens - 1], masks, wanted);
            foreach (bool after in (bool[])[true, false])
            {
                using GuardedMemory<float> query = new(inputs.Query.Length, after);
                using GuardedMemory<float> key = new(inputs.Key.Length, after);
                using GuardedMemory<float> value = new(inputs.Value.Length, after);
                using GuardedMemory<float> rows = new(wanted.Length, after);
                inputs.Query.CopyTo(query.Span);
                inputs.Key.CopyTo(key.Span);
                inputs.Value.CopyTo(value.Span);
                CpuMapReader.Shared.ReadRows(new AttentionInputs(shape, query.Span, key.Span, value.Span), 0, 0, 0.1, [0, tokens - 1], masks, rows.Span);
                NumericAssert.BitwiseEqual(wanted, rows.Span);
            }
        }
    }

    [Fact]
    public void WhatDoesNotFitIsRefused()
    {
        AttentionShape shape = new(1, 1, 40, 40, 16);
        SeededInputs inputs = SeededInputs.Normal(shape);
        Refused([], [], 0);
        Refused(new int[65], [], 65 * 16);
        Refused([40], [], 16);
        Refused([-1], [], 16);
        Refused([1], [[]], 32);
        Refused([1], [[new KeyRun(1, 1)]], 32);
        Refused([1], [[new KeyRun(0, 1), new KeyRun(0, 1)]], 32);
        Refused([1], [[new KeyRun(0, 1)]], 31);

        void Refused(int[] queries, KeyRun[][] masks, int length) =>
            Assert.ThrowsAny<ArgumentException>(() => CpuMapReader.Shared.ReadRows(inputs.Inputs, 0, 0, 1, queries, masks, new float[length]));
    }

    // Long runs, short ones, single keys, nobody, everybody.
    private static KeyRun[][] Masks(int tokens, Random random)
    {
        return [Of(128, 90), Of(8, 11), Of(1, 2), [new KeyRun(0, 0)], [new KeyRun(0, ulong.MaxValue)]];

        KeyRun[] Of(int first, int spread)
        {
            List<KeyRun> runs = [];
            for (int key = 0; key < tokens; key += Math.Max(1, first + random.Next(spread) - (spread / 2)))
            {
                runs.Add(new KeyRun(key, (ulong)random.NextInt64() & (ulong)random.NextInt64()));
            }

            return [.. runs];
        }
    }

    private static void AssertUnseenRowsAreZero(float[] actual, int masks, int rows, int headDim)
    {
        int nobody = (masks - 1) * rows * headDim;
        Assert.All(actual[nobody..(nobody + (rows * headDim))], static value => Assert.Equal(0f, value));
        NumericAssert.AllFinite(actual);
        NumericAssert.BitwiseEqual(actual.AsSpan(0, rows * headDim), actual.AsSpan(masks * rows * headDim));
    }
}
