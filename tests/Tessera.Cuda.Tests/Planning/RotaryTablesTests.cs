using Tessera.Attention;
using Tessera.Cuda.Planning;
using Tessera.Layout;
using Xunit;

namespace Tessera.Cuda.Tests.Planning;

public sealed class RotaryTablesTests
{
    [Theory]
    [InlineData(64)]
    [InlineData(128)]
    [InlineData(10)]
    public void Factors_at_a_tokens_positions_are_those_of_its_angles(int channels)
    {
        TokenGrid grid = new(3, 4, 5);
        RotaryEmbedding rotary = RotaryEmbedding.ForGrid(grid, channels);
        RotaryTables tables = new(rotary);

        for (int token = 0; token < grid.Tokens; token++)
        {
            for (int pair = 0; pair < channels / 2; pair++)
            {
                // As turn() in Kernels/rows.cuh reads them.
                int axis = (pair >= tables.SecondFirst ? 1 : 0) + (pair >= tables.ThirdFirst ? 1 : 0);
                int first = axis switch { 0 => 0, 1 => tables.SecondFirst, _ => tables.ThirdFirst };
                int end = axis switch { 0 => tables.SecondFirst, 1 => tables.ThirdFirst, _ => channels / 2 };
                int offset = axis switch { 0 => 0, 1 => tables.SecondOffset, _ => tables.ThirdOffset };
                int index = 2 * (offset + (tables.Positions[(3 * token) + axis] * (end - first)) + pair - first);
                (double sine, double cosine) = Math.SinCos(rotary.Angle(token, pair));
                Assert.Equal((float)cosine, tables.Factors[index]);
                Assert.Equal((float)sine, tables.Factors[index + 1]);
            }
        }
    }

    [Fact]
    public void A_sequence_has_one_axis()
    {
        RotaryTables tables = new(RotaryEmbedding.ForSequence(9, 8));

        Assert.Equal((4, 4), (tables.SecondFirst, tables.ThirdFirst));
        Assert.Equal(9 * 4 * 2, tables.Factors.Length);
        Assert.Equal(8, tables.Positions[24]);
    }
}
