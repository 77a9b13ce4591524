using Tessera.Attention;
using Tessera.Cli.Explaining;
using Tessera.Cli.Inputs;
using Tessera.Layout;
using Tessera.Synthesis;
using Xunit;

namespace Tessera.Cli.Tests.Explaining;

public sealed class HeadProfileTests
{
    private static readonly TokenGrid Grid = new(8, 12, 14);

    [Theory]
    [InlineData(HeadKind.Spatial, "spatial")]
    [InlineData(HeadKind.Temporal, "temporal")]
    [InlineData(HeadKind.SpreadHeight, "column")]
    [InlineData(HeadKind.SpreadWidth, "row")]
    [InlineData(HeadKind.Isotropic, "isotropic")]
    [InlineData(HeadKind.Diffuse, "global")]
    public void HeadsOfAKnownKindAreRecognised(HeadKind kind, string word)
    {
        StructuredHeads heads = StructuredHeads.Create(Grid, 1, 64, seed: 5, new StructuredHeadsOptions { Kinds = [kind] });
        HeadTensors tensors = new("made", heads.Shape, 4, heads.Query, heads.Key, heads.Value);

        HeadProfile profile = HeadProfile.Read(tensors, Grid, 1 / 8.0, CancellationToken.None);

        Assert.Equal(word, HeadDescription.Of(profile, Grid).Kind);
    }

    [Fact]
    public void UniformAttentionSpreadsByOneAlongEveryAxis()
    {
        TokenGrid grid = new(3, 4, 5, 7, TextPlacement.Front);
        AttentionShape shape = new(1, 1, grid.Tokens, grid.Tokens, 16);
        float[] zeros = new float[grid.Tokens * 16];

        HeadProfile profile = HeadProfile.Read(new HeadTensors("zeros", shape, 4, zeros, zeros, zeros), grid, 0.25, CancellationToken.None);

        Assert.Equal(1, profile.FrameSpread!.Value, 12);
        Assert.Equal(1, profile.HeightSpread!.Value, 12);
        Assert.Equal(1, profile.WidthSpread!.Value, 12);
        Assert.Equal(grid.Tokens, profile.EffectiveKeys, 9);
        Assert.Equal(7.0 / grid.Tokens, profile.TextMass, 12);
        Assert.Equal(1.0 / grid.Tokens, profile.OwnMass, 12);
    }

    [Fact]
    public void AnAxisOfOneTokenHasNoSpread()
    {
        TokenGrid grid = new(1, 4, 5);
        float[] zeros = new float[grid.Tokens * 16];

        HeadProfile profile = HeadProfile.Read(new HeadTensors("zeros", new(1, 1, 20, 20, 16), 4, zeros, zeros, zeros), grid, 0.25, CancellationToken.None);

        Assert.Null(profile.FrameSpread);
        Assert.True(profile.IsLocal(GridAxis.Frame));
    }
}
