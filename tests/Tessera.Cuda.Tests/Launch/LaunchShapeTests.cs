using Tessera.Cuda.Launch;
using Xunit;

namespace Tessera.Cuda.Tests.Launch;

public sealed class LaunchShapeTests
{
    [Theory]
    [InlineData(0, 1, 1, 128, 0, "GridX")]
    [InlineData(1, 65536, 1, 128, 0, "GridY")]
    [InlineData(1, 1, 65536, 128, 0, "GridZ")]
    [InlineData(1, 1, 1, 1025, 0, "Threads")]
    [InlineData(1, 1, 1, 128, -1, "SharedBytes")]
    public void A_size_outside_the_limits_is_named(int x, int y, int z, int threads, int shared, string name)
    {
        ArgumentOutOfRangeException refusal =
            Assert.Throws<ArgumentOutOfRangeException>(() => new LaunchShape(x, y, z, threads, shared).Validate());

        Assert.Equal(name, refusal.ParamName);
    }

    [Fact]
    public void The_largest_launch_passes()
    {
        LaunchShape shape = new(int.MaxValue, 65535, 65535, 1024, 232448);

        shape.Validate();

        Assert.Equal(int.MaxValue * 65535L * 65535L, shape.Blocks);
    }
}
