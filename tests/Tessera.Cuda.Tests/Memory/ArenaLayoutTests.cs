using Tessera.Cuda.Memory;
using Xunit;

namespace Tessera.Cuda.Tests.Memory;

public sealed class ArenaLayoutTests
{
    [Fact]
    public void Stretches_follow_each_other_aligned_and_apart()
    {
        ArenaLayout layout = new();

        ArenaSlice first = layout.Add(1);
        ArenaSlice none = layout.Add(0);
        ArenaSlice second = layout.Add(256);
        ArenaSlice third = layout.Add(5L << 32);

        Assert.Equal((0, 256, 256, 512), (first.Offset, none.Offset, second.Offset, third.Offset));
        Assert.Equal(512 + (5L << 32), layout.Bytes);
        Assert.Throws<ArgumentOutOfRangeException>(() => layout.Add(-1));
    }
}
