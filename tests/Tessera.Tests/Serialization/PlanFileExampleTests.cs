using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;
using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;
using Tessera.Serialization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Serialization;

/// <summary>The byte-level example of docs/design/numbers-and-files.md is what the code writes.</summary>
public sealed partial class PlanFileExampleTests
{
    private const string Document = "docs/design/numbers-and-files.md";

    [Fact]
    public void The_documented_bytes_are_the_written_ones()
    {
        string path = Path.GetTempFileName();
        try
        {
            string hash = PlanFile.Of(Example(), "example").Save(path);
            string text = File.ReadAllText(Path.Combine(TestRoots.Repository, Document)).ReplaceLineEndings("\n");
            string dump = Dump(File.ReadAllBytes(path));
            Assert.True(text.Contains(dump, StringComparison.Ordinal), $"{Document} shall hold this block (hash {hash}):\n{dump}");
            PlanFileAssert.Equal(Example(), PlanFile.Load(path).Schedule.Plans[0]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static AttentionPlan Example()
    {
        TokenGrid grid = new(2, 2, 3);
        BlockMaskBuilder builder = new(2, 12, 12, new BlockSize(4, 4));
        for (int row = 0; row < 3; row++)
        {
            builder.Keep(0, row, row);
            builder.KeepRange(1, row, 0, row + 1);
        }

        return new AttentionPlan
        {
            Name = "tiny",
            Shape = new AttentionShape(1, 2, 12, 12, 8),
            Grid = grid,
            Orders = [TokenOrder.ForAxisOrder(grid, AxisOrder.Parse("HWF")), TokenOrder.ForAxisOrder(grid, AxisOrder.Natural)],
            Mask = builder.Build(),
            Recipe = KnownRecipes.Int8,
        };
    }

    private static string Dump(byte[] file)
    {
        int header = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        string json = Encoding.UTF8.GetString(file, 8, header).TrimEnd();
        using SafetensorsFile opened = SafetensorsFile.FromMemory(file);
        string plan = opened.Metadata["tessera.plan.header"];
        string outer = json.Replace(plan.Replace("\"", "\\\"", StringComparison.Ordinal), "...", StringComparison.Ordinal);
        StringBuilder text = new();
        text.Append($"00000000  {Convert.ToHexStringLower(file.AsSpan(0, 8))}  length of the safetensors header: {header}\n");
        AppendLines(text, MetadataEnd().Replace(outer, "},\n\""));
        text.Append("where \"tessera.plan.header\" is the text\n");
        AppendLines(text, NestedValue().Replace(plan, ",\n"));
        for (int at = 8 + header; at < file.Length; at += 8)
        {
            text.Append($"{at:x8}  {Convert.ToHexStringLower(file.AsSpan(at, Math.Min(8, file.Length - at)))}\n");
        }

        return text.ToString();
    }

    private static void AppendLines(StringBuilder text, string lines)
    {
        foreach (string line in lines.Split('\n'))
        {
            text.Append($"          {line}\n");
        }
    }

    [GeneratedRegex("},\"")]
    private static partial Regex MetadataEnd();

    [GeneratedRegex(""",(?="\w+":\[?\{)""")]
    private static partial Regex NestedValue();
}
