using Tessera.Media.Drawing;
using Tessera.Media.Formats;
using Xunit;

namespace Tessera.Media.Tests.Drawing;

public sealed class HeatmapTests
{
    [Theory]
    [InlineData(0.0, 68, 1, 84)]
    [InlineData(0.5, 33, 145, 140)]
    [InlineData(1.0, 253, 231, 37)]
    public void The_scale_is_viridis(double value, int red, int green, int blue)
    {
        (byte r, byte g, byte b) = ColorMap.Viridis(value);

        Assert.InRange(r - red, -3, 3);
        Assert.InRange(g - green, -3, 3);
        Assert.InRange(b - blue, -4, 4);
    }

    [Fact]
    public void Lightness_grows_along_the_scale()
    {
        double last = -1;
        for (int step = 0; step <= 64; step++)
        {
            (byte r, byte g, byte b) = ColorMap.Viridis(step / 64.0);
            double light = (0.2126 * r) + (0.7152 * g) + (0.0722 * b);
            Assert.True(light > last, $"step {step}");
            last = light;
        }
    }

    [Fact]
    public void Cells_are_squares_of_their_value()
    {
        RasterImage image = Heatmap.Draw([0, 1, 2, 4], 2, 2, new HeatmapOptions { CellSize = 3 });

        Assert.Equal((6, 6, 3), (image.Height, image.Width, image.Channels));
        Assert.Equal(ColorMap.Viridis(0), Pixel(image, 2, 2));
        Assert.Equal(ColorMap.Viridis(0.25), Pixel(image, 0, 3));
        Assert.Equal(ColorMap.Viridis(0.5), Pixel(image, 5, 0));
        Assert.Equal(ColorMap.Viridis(1), Pixel(image, 5, 5));
    }

    [Fact]
    public void Gamma_and_decades_shape_the_scale()
    {
        float[] values = [0.01f, 1];

        Assert.Equal(ColorMap.Viridis(0.1f), Pixel(Heatmap.Draw(values, 1, 2, new HeatmapOptions { CellSize = 1, Gamma = 0.5 }), 0, 0));
        Assert.Equal(ColorMap.Viridis(0.5f), Pixel(Heatmap.Draw(values, 1, 2, new HeatmapOptions { CellSize = 1, Decades = 4 }), 0, 0));
    }

    [Fact]
    public void Dropped_cells_are_gray_and_lighter_where_more_is_lost()
    {
        RasterImage image = Heatmap.Draw([0, 1, 1], 1, 3, new HeatmapOptions { CellSize = 1 }, [0, 0, 1]);

        (byte Red, byte Green, byte Blue) nothing = Pixel(image, 0, 0);
        (byte Red, byte Green, byte Blue) much = Pixel(image, 0, 1);
        Assert.True(much.Red > nothing.Red + 60);
        Assert.InRange(much.Blue - much.Red, -20, 20);
        Assert.Equal(ColorMap.Viridis(1), Pixel(image, 0, 2));
    }

    [Fact]
    public void The_border_of_the_kept_cells_can_be_outlined()
    {
        RasterImage image = Heatmap.Draw(new float[4], 1, 4, new HeatmapOptions { CellSize = 4, OutlinesKept = true }, [0, 1, 1, 0]);

        Assert.Equal(((byte)255, (byte)122, (byte)69), Pixel(image, 1, 3));
        Assert.Equal(((byte)255, (byte)122, (byte)69), Pixel(image, 2, 12));
        Assert.Equal(ColorMap.Viridis(0), Pixel(image, 1, 4));
    }

    [Fact]
    public void Wrong_sizes_are_refused() => Assert.Throws<ArgumentException>(static () => Heatmap.Draw(new float[5], 2, 3));

    private static (byte Red, byte Green, byte Blue) Pixel(RasterImage image, int row, int column)
    {
        int at = ((row * image.Width) + column) * 3;
        return (image.Pixels[at], image.Pixels[at + 1], image.Pixels[at + 2]);
    }
}
