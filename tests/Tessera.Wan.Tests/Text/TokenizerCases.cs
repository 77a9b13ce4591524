using System.Text.Json;
using Tessera.TestKit;

namespace Tessera.Wan.Tests.Text;

/// <summary>Recorded texts with their ids, from both data roots.</summary>
internal static class TokenizerCases
{
    public const string WanModel = "wan/tokenizer/spiece.model";

    public const string WanCases = "wan/tokenizer/cases.json";

    public const string CleanCases = "wan/tokenizer/clean_cases.json";

    public static string Fixture(string relative) => Path.Combine(TestRoots.Fixtures, relative);

    public static string Data(string relative) => Path.Combine(TestRoots.Data, relative);

    public static JsonElement Read(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }

    public static int[] Ids(this JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(static id => id.GetInt32())];

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
