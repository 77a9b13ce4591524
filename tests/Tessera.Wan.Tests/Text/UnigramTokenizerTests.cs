using System.Text;
using System.Text.Json;
using Tessera.TestKit;
using Tessera.Wan.Text;
using Xunit;

namespace Tessera.Wan.Tests.Text;

public sealed class UnigramTokenizerTests
{
    [DataFact(TokenizerCases.WanCases, isFixture: true)]
    public void Ids_of_the_Wan_fixture_are_exact()
    {
        JsonElement recorded = TokenizerCases.Read(TokenizerCases.Fixture(TokenizerCases.WanCases));
        UnigramTokenizer tokenizer = UnigramTokenizer.Load(TokenizerCases.Fixture(TokenizerCases.WanModel));
        PromptTokenizer prompts = new(tokenizer);
        Assert.Equal(recorded.GetProperty("vocab_size").GetInt32(), tokenizer.Model.Pieces.Count);
        Assert.Equal(
            recorded.GetProperty("pieces").EnumerateArray().Select(static piece => (piece[0].GetString()!, piece[1].GetSingle())),
            tokenizer.Model.Pieces.Select(static piece => (piece.Text, piece.Score)));
        Assert.Equal(recorded.GetProperty("eos_id").GetInt32(), prompts.EndId);
        Assert.True(tokenizer.Model.HasUmt5Layout);
        foreach (JsonElement one in recorded.GetProperty("cases").EnumerateArray())
        {
            string text = one.Text("text");
            Assert.Equal(one.Ids("ids_no_eos"), tokenizer.Encode(text));
            Assert.Equal(one.Ids("ids"), prompts.Encode(text));
            JsonProperty padded = one.EnumerateObject().Single(static property => property.Name.StartsWith("ids_padded_len", StringComparison.Ordinal));
            int length = padded.Value.GetArrayLength();
            int[] cut = prompts.Encode(text, length);
            Assert.Equal(one.Ids(padded.Name), cut.Concat(new int[length - cut.Length]));
        }
    }

    [DataFact("tokenizer/t5_32k.oracle.json")]
    public void Ids_of_T5_are_exact() => CheckOracle("t5_32k");

    [DataFact("tokenizer/ice_zh_en_130k.oracle.json")]
    public void Ids_of_a_vocabulary_with_byte_fallback_and_demanded_pieces_are_exact() => CheckOracle("ice_zh_en_130k");

    [DataFact("tokenizer/ja_8k.oracle.json")]
    public void Ids_of_a_Japanese_vocabulary_without_byte_pieces_are_exact() => CheckOracle("ja_8k");

    [Fact]
    public void A_hand_made_model_is_cut_by_hand()
    {
        // Best cut of "ab abc": the prefix space with ab (-1), then space alone (-2) and abc (-1.5), against a + b and so on.
        UnigramTokenizer tokenizer = new(ModelForger.Model(("▁ab", -1, 1), ("▁", -2, 1), ("abc", -1.5f, 1), ("a", -3, 1), ("b", -3, 1)));
        Assert.Equal([1, 2, 3], tokenizer.Encode(" ab  abc "));
        Assert.Equal("▁ab▁abc", tokenizer.Normalize(" ab  abc "));

        // Neighbours without a piece become one unknown id; a known one between them splits it.
        Assert.Equal([2, 0, 4, 0], tokenizer.Encode("xyaz"));
        Assert.Empty(tokenizer.Encode("   "));
        Assert.Empty(tokenizer.Encode(""));
    }

    [Fact]
    public void Equal_scores_keep_the_earlier_start()
    {
        UnigramTokenizer tokenizer = new(ModelForger.Model(("▁", -1, 1), ("aa", -2, 1), ("a", -1, 1)));
        Assert.Equal([1, 2], tokenizer.Encode("aa"));
    }

    [Fact]
    public void Demanded_pieces_stay_whole_whatever_they_score()
    {
        UnigramTokenizer tokenizer = new(ModelForger.Model(("▁", -1, 1), ("<x>", -100, 4), ("<", -1, 1), ("x", -1, 1), (">", -1, 1), ("x>a", 5, 1), ("a", -1, 1)));
        Assert.Equal([1, 2, 7], tokenizer.Encode("<x>a"));
    }

    [Theory]
    [InlineData(1, 1, 1, 0, "▁a▁b")]
    [InlineData(0, 1, 1, 0, "a▁b")]
    [InlineData(1, 0, 1, 0, "▁▁▁a▁▁b▁")]
    [InlineData(1, 1, 0, 0, " a b")]
    [InlineData(1, 1, 1, 1, "a▁b▁")]
    [InlineData(0, 0, 0, 1, "  a  b ")]
    public void Every_setting_of_spaces_is_obeyed(int prefix, int trim, int escape, int suffix, string expected)
    {
        byte[] settings = [.. ModelForger.Integer(3, prefix), .. ModelForger.Integer(4, trim), .. ModelForger.Integer(5, escape)];
        byte[] file =
        [
            .. ModelForger.File(("a", -1, 1)), .. ModelForger.Bytes(2, ModelForger.Integer(24, suffix)), .. ModelForger.Bytes(3, settings),
        ];
        Assert.Equal(expected, new UnigramTokenizer(SentencePieceModel.Parse(file)).Normalize("  a  b "));
    }

    [Fact]
    public void Rules_of_the_character_map_are_matched_longest_first()
    {
        CharacterMapForger map = new(("a", "x"), ("ab", "yz"), ("é", " "));
        byte[] file = [.. ModelForger.File(("x", -1, 1)), .. ModelForger.Bytes(3, ModelForger.Bytes(2, map.ToArray()))];
        UnigramTokenizer tokenizer = new(SentencePieceModel.Parse(file));
        Assert.Equal("▁xx▁yzb▁c", tokenizer.Normalize("aaéabb éc"));
    }

    [Fact]
    public void Unused_control_and_byte_pieces_are_never_found_in_text()
    {
        UnigramTokenizer tokenizer = new(ModelForger.Model(("▁", -1, 1), ("ab", 0, 5), ("</s>", 0, 3), ("a", -5, 1), ("b", -5, 1), ("<0x41>", 0, 6)));
        Assert.Equal([1, 4, 5], tokenizer.Encode("ab"));
        Assert.Equal([1, 0], tokenizer.Encode("</s>"));
        Assert.Equal([1, 0], tokenizer.Encode("<0x41>"));
    }

    [Fact]
    public void Unpaired_surrogates_are_unknown_and_not_fatal()
    {
        UnigramTokenizer tokenizer = new(ModelForger.Model(("▁", -1, 1), ("a", -5, 1)));
        Assert.Equal([1, 2, 0, 2], tokenizer.Encode("a\uD800a"));
    }

    [DataFact(TokenizerCases.WanCases, isFixture: true)]
    public void A_line_of_a_megabyte_is_covered_by_its_pieces()
    {
        UnigramTokenizer tokenizer = UnigramTokenizer.Load(TokenizerCases.Fixture(TokenizerCases.WanModel));
        const string Sentence = "A small red boat 色调 sails across the calm lake at sunset 🚢. ";
        string text = string.Concat(Enumerable.Repeat(Sentence, (1 << 20) / Encoding.UTF8.GetByteCount(Sentence)));
        foreach (string line in new[] { text, new string('a', 1 << 20), new string('一', 1 << 18), text.Replace(" ", "", StringComparison.Ordinal) })
        {
            byte[] covered = [.. tokenizer.Encode(line).SelectMany(id => Bytes(tokenizer.Model.Pieces[id]))];
            Assert.Equal(tokenizer.Normalize(line), Encoding.UTF8.GetString(covered));
        }
    }

    private static byte[] Bytes(SentencePiece piece) => piece.Kind == SentencePieceKind.Byte
        ? [Convert.ToByte(piece.Text[3..5], 16)]
        : Encoding.UTF8.GetBytes(piece.Text);

    private static void CheckOracle(string name)
    {
        JsonElement recorded = TokenizerCases.Read(TokenizerCases.Data($"tokenizer/{name}.oracle.json"));
        UnigramTokenizer tokenizer = UnigramTokenizer.Load(TokenizerCases.Data($"tokenizer/{name}.model"));
        Assert.Equal(recorded.GetProperty("vocab_size").GetInt32(), tokenizer.Model.Pieces.Count);
        Assert.Equal(recorded.Text("normalizer"), tokenizer.Model.NormalizerName);
        Assert.Equal(recorded.GetProperty("byte_fallback").GetBoolean(), tokenizer.Model.HasByteFallback);
        foreach (JsonElement one in recorded.GetProperty("cases").EnumerateArray())
        {
            string text = one.Text("text");
            Assert.Equal(one.Ids("ids"), tokenizer.Encode(text));
            Assert.Equal(one.Text("normalized"), tokenizer.Normalize(text).Replace('▁', ' ').TrimStart(' '));
        }
    }
}
