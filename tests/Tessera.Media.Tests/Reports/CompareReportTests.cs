using System.Xml.Linq;
using Tessera.Attention;
using Tessera.Fidelity;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Media.Formats;
using Tessera.Media.Frames;
using Tessera.Media.Reports;
using Xunit;

namespace Tessera.Media.Tests.Reports;

public sealed class CompareReportTests
{
    private const string Hostile = "<script>alert(\"1\")</script> & 'x' ü";

    [Fact]
    public void A_full_report_is_well_formed_and_self_contained()
    {
        string html = CompareReport.Render(Full());

        XDocument page = Parse(html);
        Assert.Empty(page.Descendants("script"));
        Assert.Empty(page.Descendants("link"));
        foreach (XElement image in page.Descendants("img"))
        {
            Assert.StartsWith("data:image/png;base64,", (string)image.Attribute("src")!, StringComparison.Ordinal);
            Assert.False(string.IsNullOrEmpty((string?)image.Attribute("alt")));
        }

        Assert.DoesNotContain("url(", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("@import", html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(page.Descendants("h1"), static heading => heading.Value == Hostile);
    }

    [Fact]
    public void Pictures_inside_are_the_maps_and_the_clips()
    {
        CompareReportData data = Full();
        XDocument page = Parse(CompareReport.Render(data));

        VideoFrames[] pictures = [.. page.Descendants("img").Select(static image => PngDecoder.DecodeFrames(Convert.FromBase64String(((string)image.Attribute("src")!)["data:image/png;base64,".Length..])))];

        // The colour scale, two maps; input, dense, method and difference with three frames each.
        Assert.Equal([1, 1, 1, 3, 3, 3, 3], pictures.Select(static picture => picture.Count));
        Assert.True(pictures[3].Pixels.SequenceEqual(data.Clips!.Source!.Pixels));
        Assert.True(pictures[5].Pixels.SequenceEqual(data.Clips.Methods[0].Clip.Pixels));
        Assert.True(pictures[6].Pixels.SequenceEqual(data.Clips.Dense.AbsoluteDifference(data.Clips.Methods[0].Clip, 8).Pixels));
    }

    [Fact]
    public void The_table_shows_each_figure_where_it_belongs()
    {
        XElement row = Parse(CompareReport.Render(Full())).Descendants("tbody").First().Elements("tr").Skip(1).First();

        string[] cells = [.. row.Elements("td").Skip(1).Select(static cell => cell.Value)];

        Assert.Equal(["25.0 %", "93.8 %", "0.99875", "0.0123", "5.00e-4", "2.50", "50.0 ms", "4.00×"], cells);
    }

    [Fact]
    public void Methods_with_equal_blocks_share_bars_and_rows()
    {
        CompareReportData data = Full();
        MethodResult sparse = data.Methods[1] with { Name = "sparse" };
        MethodResult dense = sparse with { Name = "dense-int8", Density = 1, HeadDensity = [1, 1], HeadKeptMass = [1, 1], HeadOrders = ["natural", "natural"] };

        XDocument page = Parse(CompareReport.Render(data with { Methods = [data.Methods[0], dense, sparse, sparse with { Name = "sparse-int8" }] }));

        XElement orders = page.Descendants("tbody").Skip(1).Single();
        Assert.Equal(["sparse, sparse-int8", "HWF", Hostile], orders.Elements("tr").Single().Elements("td").Select(static cell => cell.Value));
        Assert.Contains(page.Descendants(XName.Get("text", "http://www.w3.org/2000/svg")), static text => text.Value == "sparse and 1 more");
        Assert.DoesNotContain(page.Descendants(XName.Get("title", "http://www.w3.org/2000/svg")), static title => title.Value.StartsWith("second, dense-int8", StringComparison.Ordinal));
    }

    [Fact]
    public void Many_large_clips_are_shrunk_to_the_budget()
    {
        CompareReportData data = Full();
        VideoFrames clip = TestClips.Synthetic(16, 96, 256);
        MethodClip[] methods = [.. Enumerable.Range(0, 12).Select(i => new MethodClip($"m{i}", clip))];

        XDocument page = Parse(CompareReport.Render(data with { Maps = [], Clips = new ClipComparison { Dense = clip, Methods = methods } }));

        byte[][] pictures = [.. page.Descendants("img").Select(static image => Convert.FromBase64String(((string)image.Attribute("src")!)["data:image/png;base64,".Length..]))];
        Assert.Equal(25, pictures.Length);
        VideoFrames first = PngDecoder.DecodeFrames(pictures[0]);
        Assert.InRange(25L * first.Pixels.Length, 1, 12_000_000);
        Assert.InRange(first.Count, 8, 15);
    }

    [Fact]
    public void What_was_not_measured_is_left_out()
    {
        CompareReportData data = new()
        {
            Input = "noise",
            Shape = new AttentionShape(1, 2, 64, 64, 16),
            Methods = [new MethodResult { Name = "dense", IsBaseline = true, Density = 1, Stages = default }],
        };

        XDocument page = Parse(CompareReport.Render(data));

        Assert.Empty(page.Descendants("img"));
        Assert.Empty(page.Descendants(XName.Get("svg", "http://www.w3.org/2000/svg")));
        Assert.Equal(["Methods", "How to read this page"], page.Descendants("h2").Select(static heading => heading.Value));
    }

    [Fact]
    public void Contradictions_are_refused()
    {
        CompareReportData data = Full();
        MethodResult method = data.Methods[1];

        Assert.Throws<ArgumentException>(() => CompareReport.Render(data with { Methods = [] }));
        Assert.Throws<ArgumentException>(() => CompareReport.Render(data with { Methods = [method, method] }));
        Assert.Throws<ArgumentException>(() => CompareReport.Render(data with { Methods = [method with { HeadDensity = [0.1, 0.2, 0.3] }] }));
    }

    [Fact]
    public async Task The_file_holds_the_page()
    {
        using TemporaryFolder folder = new();
        CompareReportData data = Full();

        await CompareReport.WriteAsync(data, folder["report.html"]);

        Assert.Equal(CompareReport.Render(data), await File.ReadAllTextAsync(folder["report.html"]));
        Assert.Equal(["report.html"], folder.Files);
    }

    private static XDocument Parse(string html)
    {
        const string DocumentType = "<!DOCTYPE html>\n";
        Assert.StartsWith(DocumentType, html, StringComparison.Ordinal);
        return XDocument.Parse(html[DocumentType.Length..]);
    }

    private static CompareReportData Full()
    {
        Random random = new(2);
        float[] query = [.. Enumerable.Range(0, 64 * 8).Select(_ => random.NextSingle())];
        SampledMap map = MapSampler.Sample(query, query, 8, rows: 16, columns: 16);
        BlockMask mask = BlockMask.Dense(64, 64, new BlockSize(16, 16));
        StageTimes stages = new(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(3), TimeSpan.FromMilliseconds(2), TimeSpan.FromMilliseconds(40));
        VideoFrames dense = TestClips.Noise(3, 8, 10, seed: 1);
        return new CompareReportData
        {
            Title = Hostile,
            Input = Hostile,
            Shape = new AttentionShape(1, 2, 64, 64, 8),
            Grid = new TokenGrid(4, 4, 4),
            Environment = [new(Hostile, Hostile)],
            Command = Hostile,
            MeasuredAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
            HeadNames = [Hostile, "second"],
            Methods =
            [
                new MethodResult { Name = "dense", IsBaseline = true, Density = 1, Stages = default, Total = TimeSpan.FromMilliseconds(200) },
                new MethodResult
                {
                    Name = Hostile, Title = Hostile, Settings = Hostile, Recipe = "int8", Density = 0.25, KeptMass = 0.9375, Stages = stages,
                    Error = new AttentionError(0.99875, 0.0123, 0.0005, 2.5, 9), HeadDensity = [0.2, 0.3], HeadKeptMass = [0.9, 0.975], HeadOrders = ["HWF", Hostile],
                },
            ],
            Maps = [new HeadMapPair { Head = 1, Name = Hostile, Method = Hostile, Before = map, After = map, Kept = MapSampler.SampleMask(map, mask, 0), Density = 0.25, KeptMass = 0.9 }],
            Clips = new ClipComparison { Source = TestClips.Noise(3, 8, 10, seed: 2), Dense = dense, Methods = [new MethodClip(Hostile, TestClips.Noise(3, 8, 10, seed: 3))], ErrorGain = 8 },
        };
    }
}
