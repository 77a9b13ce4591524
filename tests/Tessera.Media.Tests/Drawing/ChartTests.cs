using System.Globalization;
using System.Xml.Linq;
using Tessera.Media.Drawing;
using Xunit;

namespace Tessera.Media.Tests.Drawing;

public sealed class ChartTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Charts_are_well_formed_whatever_the_names(bool standalone)
    {
        const string Name = "a<b & \"c\" 'd' ü";
        ScatterChart scatter = new() { Points = [new(Name, 1, 2, 0)], Description = Name, HorizontalTitle = Name, VerticalTitle = Name, Rule = (3, Name) };
        BarChart bars = new() { Categories = [Name], Series = [new(Name, [1])], ValueTitle = Name };
        LineChart lines = new() { Horizontal = [0, 1], Series = [new(Name, [1, 2])] };

        foreach (string svg in new[] { scatter.ToSvg(standalone), bars.ToSvg(standalone), (bars with { IsStacked = true }).ToSvg(standalone), lines.ToSvg(standalone) })
        {
            XElement root = XDocument.Parse(svg).Root!;
            Assert.Equal(Svg + "svg", root.Name);
            Assert.Contains(root.Descendants(Svg + "title"), static title => title.Value.Contains(Name, StringComparison.Ordinal));
            Assert.Equal(standalone, root.Element(Svg + "style") is not null);
        }
    }

    [Fact]
    public void Points_stand_in_order_of_their_values()
    {
        ScatterChart chart = new() { Points = [new("low", 10, 0.001, 0), new("high", 1000, 0.1, 0), new("nothing", 0, 0, 0)], IsLogarithmic = true };

        XElement root = XDocument.Parse(chart.ToSvg()).Root!;

        (double X, double Y)[] markers = [.. root.Elements(Svg + "path").Select(static path => Start((string)path.Attribute("d")!))];
        Assert.Equal(2, markers.Length);
        Assert.True(markers[0].X < markers[1].X && markers[0].Y > markers[1].Y);
    }

    [Fact]
    public void Labels_do_not_cover_one_another()
    {
        ScatterPoint[] points = [.. Enumerable.Range(0, 6).Select(static i => new ScatterPoint($"method-{i}", 100 + i, 0.01, i))];

        XElement root = XDocument.Parse(new ScatterChart { Points = points }.ToSvg()).Root!;

        (double X, double Y)[] labels = [.. root.Elements(Svg + "text").Where(static text => text.Value.StartsWith("method-", StringComparison.Ordinal))
            .Select(static text => (Read(text, "x"), Read(text, "y")))];
        Assert.Equal(6, labels.Length);
        int overlaps = labels.SelectMany((first, i) => labels.Skip(i + 1).Where(second => Math.Abs(first.X - second.X) < 40 && Math.Abs(first.Y - second.Y) < 9)).Count();
        Assert.Equal(0, overlaps);
    }

    [Fact]
    public void Bars_have_heights_in_proportion_and_gaps_for_missing_values()
    {
        BarChart chart = new() { Categories = ["a", "b", "c"], Series = [new("s", [0.25, 0.5, double.NaN])] };

        double[] heights = [.. XDocument.Parse(chart.ToSvg()).Root!.Elements(Svg + "rect").Select(static bar => Read(bar, "height"))];

        Assert.Equal(2, heights.Length);
        Assert.Equal(2, heights[1] / heights[0], 2);
    }

    [Fact]
    public void Stacked_bars_begin_where_the_last_one_ends()
    {
        BarChart chart = new() { Categories = ["a"], Series = [new("first", [2]), new("second", [6])], IsStacked = true };

        XElement[] bars = [.. XDocument.Parse(chart.ToSvg()).Root!.Elements(Svg + "rect")];

        Assert.Equal(Read(bars[0], "x") + Read(bars[0], "width"), Read(bars[1], "x"), 1);
        Assert.Equal(3, Read(bars[1], "width") / Read(bars[0], "width"), 2);
    }

    [Fact]
    public void Series_of_another_length_are_refused() =>
        Assert.Throws<ArgumentException>(static () => new BarChart { Categories = ["a", "b"], Series = [new("s", [1])] }.ToSvg());

    [Fact]
    public void Empty_charts_are_drawn_without_points() =>
        Assert.NotNull(XDocument.Parse(new ScatterChart { Points = [], IsLogarithmic = true }.ToSvg()).Root);

    private static (double X, double Y) Start(string path)
    {
        string[] numbers = path[1..].Split(' ', 'a', 'h', 'l');
        return (double.Parse(numbers[0], CultureInfo.InvariantCulture), double.Parse(numbers[1], CultureInfo.InvariantCulture));
    }

    private static double Read(XElement element, string name) => double.Parse((string)element.Attribute(name)!, CultureInfo.InvariantCulture);
}
