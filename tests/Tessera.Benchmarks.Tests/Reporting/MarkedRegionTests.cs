using Tessera.Benchmarks.Reporting;
using Xunit;

namespace Tessera.Benchmarks.Tests.Reporting;

public sealed class MarkedRegionTests
{
    private const string Text = "before\n<!-- bench:cpu -->\nold\nfigures\n<!-- /bench:cpu -->\nafter\n";

    [Fact]
    public void Only_the_region_changes() =>
        Assert.Equal(
            "before\n<!-- bench:cpu -->\nnew\n<!-- /bench:cpu -->\nafter\n", MarkedRegion.Replace(Text, "cpu", "\nnew\n\n"));

    [Fact]
    public void Replacing_twice_is_replacing_once()
    {
        string once = MarkedRegion.Replace(Text, "cpu", "new");
        Assert.Equal(once, MarkedRegion.Replace(once, "cpu", "new"));
    }

    [Theory]
    [InlineData("no markers")]
    [InlineData("<!-- bench:cpu --> never closed")]
    [InlineData("<!-- /bench:cpu --> <!-- bench:cpu -->")]
    [InlineData(Text + Text)]
    public void Other_files_are_refused_by_name_of_the_markers(string text) =>
        Assert.Contains(
            "<!-- bench:cpu -->", Assert.Throws<InvalidDataException>(() => MarkedRegion.Replace(text, "cpu", "new")).Message,
            StringComparison.Ordinal);
}
