using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Backends.Cpu;

/// <summary>What lies around the data does not matter: buffers whose unused rows and channels are NaN give the same bits as dense ones.</summary>
public sealed class CpuPaddingTests
{
    public static TheoryData<string> Recipes => ["none", "int8", "int8-narrow", "k4v4", "int4", "fp8", "sage"];

    [Theory]
    [MemberData(nameof(Recipes))]
    public void NaN_in_unused_rows_and_channels_never_leaks(string recipe)
    {
        TokenGrid grid = TokenGrid.Parse("3x5x7+9@front");
        TokenOrder order = TileLayout.ForBlocks(grid, new TileShape(2, 4, 4), 16, 16).Order;
        AttentionShape shape = new(2, 2, grid.Tokens, grid.Tokens, 40);
        SeededInputs dense = SeededInputs.Biased(shape);
        AttentionPlan plan = new()
        {
            Name = "padded",
            Shape = shape,
            Grid = grid,
            Orders = [order],
            Mask = CpuTestCase.RandomMask(order.Slots, order.Slots, new BlockSize(16, 16), 0.6, 2),
            Recipe = KnownRecipes.Parse(recipe),
        };
        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            using IAttentionKernel kernel = new CpuBackend(options).Compile(plan);
            float[] expected = new float[dense.Query.Length];
            _ = kernel.Run(dense.Inputs, new TensorSpan<float>(expected, [2, 2, grid.Tokens, 40]));

            NaNSurrounded query = new(shape, dense.Query);
            NaNSurrounded key = new(shape, dense.Key);
            NaNSurrounded value = new(shape, dense.Value);
            NaNSurrounded output = new(shape, new float[expected.Length]);
            _ = kernel.Run(new AttentionInputs(query.Span, key.Span, value.Span), output.Span);

            NumericAssert.BitwiseEqual(expected, output.Dense());
            Assert.True(output.SurroundingsAreUntouched());
        }
    }

    /// <summary>[B, L, H, D] storage with spare tokens and spare channels, all NaN, seen as [B, H, L, D].</summary>
    private sealed class NaNSurrounded
    {
        private const int Spare = 5;
        private readonly AttentionShape _shape;
        private readonly float[] _storage;

        public NaNSurrounded(AttentionShape shape, float[] dense)
        {
            _shape = shape;
            _storage = new float[shape.Batch * (shape.QueryLength + Spare) * shape.Heads * (shape.HeadDim + Spare)];
            Array.Fill(_storage, float.NaN);
            for (int i = 0; i < dense.Length; i++)
            {
                _storage[IndexOf(i)] = dense[i];
            }
        }

        public TensorSpan<float> Span
        {
            get
            {
                nint channels = _shape.HeadDim + Spare;
                nint token = _shape.Heads * channels;
                return new TensorSpan<float>(_storage, [_shape.Batch, _shape.Heads, _shape.QueryLength, _shape.HeadDim], [(_shape.QueryLength + Spare) * token, channels, token, 1]);
            }
        }

        public float[] Dense() => [.. Enumerable.Range(0, _shape.Batch * _shape.Heads * _shape.QueryLength * _shape.HeadDim).Select(i => _storage[IndexOf(i)])];

        public bool SurroundingsAreUntouched() => _storage.Count(float.IsNaN) == _storage.Length - (_shape.Batch * _shape.Heads * _shape.QueryLength * _shape.HeadDim);

        private int IndexOf(int dense)
        {
            int channel = dense % _shape.HeadDim;
            int row = dense / _shape.HeadDim;
            int token = row % _shape.QueryLength;
            int head = row / _shape.QueryLength % _shape.Heads;
            int batch = row / (_shape.QueryLength * _shape.Heads);
            return (((((batch * (_shape.QueryLength + Spare)) + token) * _shape.Heads) + head) * (_shape.HeadDim + Spare)) + channel;
        }
    }
}
