using Tessera.Neural.Convolutions;
using Tessera.Serialization;
using Xunit;

namespace Tessera.Neural.Tests.Convolutions;

public sealed class ConvolutionTileTests
{
    [Theory]
    [InlineData(1, 16, 16, 384)]
    [InlineData(4, 60, 104, 192)]
    [InlineData(1, 480, 832, 96)]
    [InlineData(9, 3, 5, 16)]
    [InlineData(1, 1, 1, 3)]
    [InlineData(2, 7, 33, 1024)]
    public void Tiles_hold_every_position_and_their_windows_every_tap(int frames, int height, int width, int channels)
    {
        FrameSize output = new(frames, height, width);
        foreach (ConvolutionGeometry geometry in new[] { ConvolutionGeometry.Causal3x3x3, ConvolutionGeometry.Halving3x3 })
        {
            Convolution layer = new(
                StoredTensor.FromValues<float>("w", [1, channels, 3, 3, 3], new float[channels * 27]), null, geometry);
            foreach (int wanted in new[] { 1, 8, 1000 })
            {
                ConvolutionTile tile = ConvolutionTile.For(layer, output, wanted);
                Assert.InRange(width, ((tile.Across - 1) * tile.Extent.Width) + 1, tile.Across * tile.Extent.Width);
                Assert.InRange(height, ((tile.Down - 1) * tile.Extent.Height) + 1, tile.Down * tile.Extent.Height);
                Assert.InRange(frames, ((tile.Along - 1) * tile.Extent.Frames) + 1, tile.Along * tile.Extent.Frames);
                Assert.Equal(((tile.Extent.Width - 1) * geometry.Stride) + 3, tile.Window.Width);
                Assert.Equal(((tile.Extent.Height - 1) * geometry.Stride) + 3, tile.Window.Height);
                Assert.Equal(tile.Extent.Frames + 2, tile.Window.Frames);
            }
        }
    }

    /// <summary>Stretches in panel order, each where its taps lie in the window, long rows of taps divided.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(384)]
    [InlineData(1000)]
    public void Stretches_hold_every_tap_and_channel_once(int channels)
    {
        Convolution layer = new(
            StoredTensor.FromValues<float>("w", [1, channels, 3, 3, 3], new float[channels * 27]), null, ConvolutionGeometry.Causal3x3x3);
        FrameSize window = new(4, 10, 18);
        KernelStretch[] stretches = KernelStretch.Of(layer, window);
        int next = 0;
        foreach (KernelStretch stretch in stretches)
        {
            Assert.Equal(next, stretch.Start);
            for (int i = stretch.Start; i < stretch.Start + stretch.Steps; i++)
            {
                (int tap, int channel) = (i / channels, i % channels);
                int position = (((tap / 9 * window.Height) + (tap / 3 % 3)) * window.Width) + (tap % 3);
                Assert.Equal((position * channels) + channel, stretch.Offset + i - stretch.Start);
            }

            next += stretch.Steps;
        }

        Assert.Equal(27 * channels, next);
        int first = 0;
        while (first < stretches.Length)
        {
            int count = KernelStretch.BlockOf(stretches, first);
            Assert.True(count > 0);
            first += count;
        }

        Assert.Equal(stretches.Length, first);
    }
}
