using Tessera.Methods.Paro;
using Xunit;

namespace Tessera.Tests.Methods.Paro;

public class ParoTimeSharingTests
{
    [Fact]
    public void First_half_has_a_mask_per_step_and_one_for_the_rest()
    {
        ParoTimeSharing sharing = ParoTimeSharing.FirstHalf(30);
        Assert.Equal(16, sharing.Groups);
        Assert.Equal(14, sharing.GroupOf(14));
        Assert.Equal(15, sharing.GroupOf(15));
        Assert.Equal(15, sharing.GroupOf(29));
        Assert.Equal(1, ParoTimeSharing.FirstHalf(1).Groups);
    }

    [Theory]
    [InlineData(30, 10)]
    [InlineData(50, 4)]
    [InlineData(7, 3)]
    [InlineData(5, 5)]
    public void Uniform_groups_follow_the_released_formula(int steps, int groups)
    {
        ParoTimeSharing sharing = ParoTimeSharing.Uniform(steps, groups);
        Assert.Equal(groups, sharing.Groups);
        for (int step = 0; step < steps; step++)
        {
            Assert.Equal((int)Math.Floor((decimal)step / steps * groups + 0.0000000001m), sharing.GroupOf(step));
        }
    }

    [Fact]
    public void Explicit_tables_use_every_group()
    {
        Assert.Equal(2, ParoTimeSharing.Explicit([0, 0, 1, 0]).Groups);
        Assert.Throws<ArgumentException>(() => ParoTimeSharing.Explicit([0, 2]));
        Assert.Throws<ArgumentException>(() => ParoTimeSharing.Explicit([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => ParoTimeSharing.Uniform(4, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => ParoTimeSharing.Single(3).GroupOf(3));
    }
}
