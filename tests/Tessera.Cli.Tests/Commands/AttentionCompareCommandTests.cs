using System.Text.Json;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class AttentionCompareCommandTests
{
    private static readonly string[] Common = ["attention", "compare", "--input", "structured", "--heads", "3", "--dim", "32", "--grid", "4x8x10", "--repeat", "1"];

    [Fact]
    public void MethodsDensitiesAndFormatsMultiply()
    {
        JsonElement report = CommandRun.Of([.. Common, "--methods", "dense,paro,sta", "--densities", "0.4,0.8", "--formats", "none,int8", "--json"]).Succeeded().Json;

        JsonElement[] rows = [.. report.GetProperty("rows").EnumerateArray()];
        // Dense has no density: once in each format; the others at two densities in two formats.
        Assert.Equal(2 + 4 + 4, rows.Length);
        Assert.Equal(2, rows.Count(static row => row.GetProperty("method").GetString() == "dense" && row.GetProperty("requestedDensity").ValueKind == JsonValueKind.Null));
        Assert.Equal(rows.Length, rows.Select(static row => (row.GetProperty("method").GetString(), row.GetProperty("requestedDensity").ToString(), row.GetProperty("plan").GetProperty("quantization").GetString())).Distinct().Count());
        Assert.All(rows, static row => Assert.InRange(row.GetProperty("error").GetProperty("cosine").GetDouble(), 0.5, 1 + 1e-9));
        Assert.All(rows, static row => Assert.Equal(3, row.GetProperty("headKeptMass").GetArrayLength()));
        Assert.True(report.GetProperty("denseSeconds").GetDouble() > 0);
    }

    [Fact]
    public void DenseInFloat32IsItsOwnReference()
    {
        JsonElement row = Assert.Single(CommandRun.Of([.. Common, "--methods", "dense", "--formats", "none", "--json"]).Succeeded().Json.GetProperty("rows").EnumerateArray());

        Assert.Equal(0, row.GetProperty("error").GetProperty("relativeL2").GetDouble());
        Assert.Equal(1, row.GetProperty("keptMass").GetDouble());
        Assert.Equal(0, row.GetProperty("sparsityError").GetProperty("maximum").GetDouble());
    }

    [Fact]
    public void AllMethodsFillTheTableAndTheReport()
    {
        using TemporaryFolder folder = new();

        CommandRun run = CommandRun.Of([.. Common, "--report", folder.File("report.html")]).Succeeded();

        Assert.All(Methods.KnownMethods.Names, name => Assert.Contains($"| {name} ", run.Output, StringComparison.Ordinal));
        string page = File.ReadAllText(folder.File("report.html"));
        Assert.StartsWith("<!DOCTYPE html>", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("http://", page.Replace("http://www.w3.org", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("paro", page, StringComparison.Ordinal);
        Assert.Equal(["report.html"], folder.Files);
    }

    [Fact]
    public void TheReportIsCheckedBeforeAnyWork() => CommandRun.Of([.. Common, "--report", "/no/such/folder/report.html"]).FailedWith(2, "report.html", "does not exist");
}
