using Tessera.Neural.Checkpoints;
using Tessera.TestKit;
using Tessera.Wan.Text;
using Xunit;

namespace Tessera.Wan.Tests.Text;

public sealed class SentencePieceModelTests
{
    private static readonly byte[] Unknown = ModelForger.Piece("<unk>", 0, 2);

    public static TheoryData<byte[], string> Hostile => new()
    {
        { [], "hold 0 of type unknown" },
        { "{\"version\":\"1.0\"}"u8.ToArray(), "this is JSON, perhaps tokenizer.json" },
        { "PK\u0003\u0004 not a model"u8.ToArray(), "SentencePiece model" },
        { [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "more than 10 bytes" },
        { [0x00], "field number 0" },
        { [0x0B], "wire type 3" },
        { [0x0A, 0x7F], "cut short" },
        { [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], "cut short" },
        { [0x08, 0x01], "field 1 as Varint, not as bytes" },
        { ModelForger.Piece("a", 0, 1), "hold 0 of type unknown" },
        { [.. Unknown, .. ModelForger.Piece("<u>", 0, 2)], "hold 2 of type unknown" },
        { [.. Unknown, .. ModelForger.Piece("a", 0, 1), .. ModelForger.Piece("a", 0, 1)], "piece 2 repeats" },
        { [.. Unknown, .. ModelForger.Piece("a", float.NaN, 1)], "piece 1 has 1 bytes, score NaN" },
        { [.. Unknown, .. ModelForger.Piece("a", float.NegativeInfinity, 1)], "finite score" },
        { [.. Unknown, .. ModelForger.Piece("a", 0, 7)], "type 7" },
        { [.. Unknown, .. ModelForger.Piece("", 0, 1)], "piece 1 has 0 bytes" },
        { [.. Unknown, .. ModelForger.Piece(new string('a', 1025), 0, 1)], "piece 1 has 1025 bytes" },
        { [.. Unknown, .. ModelForger.Piece([0xC3], 0, 1)], "piece 1 is not valid UTF-8" },
        { [.. Unknown, .. ModelForger.Bytes(2, ModelForger.Integer(3, 2))], "type 2 (2 is BPE" },
        { [.. Unknown, .. ModelForger.Bytes(2, ModelForger.Integer(35, 1))], "no byte piece <0x00>" },
        { [.. Unknown, .. ModelForger.Bytes(3, ModelForger.Bytes(2, [1, 0]))], "its trie has 0 bytes" },
        { [.. Unknown, .. ModelForger.Bytes(3, ModelForger.Bytes(2, [0xFF, 0xFF, 0xFF, 0xFF, 0]))], "its trie has 4294967295 bytes" },
        { [.. Unknown, .. ModelForger.Bytes(3, ModelForger.Bytes(2, [4, 0, 0, 0, 0, 0, 0, 0, 65]))], "without an end" },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Damaged_and_foreign_files_are_refused(byte[] file, string wanted)
    {
        CheckpointFormatException error = Assert.Throws<CheckpointFormatException>(() => SentencePieceModel.Parse(file, "evil"));
        Assert.Contains(wanted, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("evil: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tokenizer_of_another_model_is_refused()
    {
        Assert.Contains("no end mark", Refusal(() => _ = new PromptTokenizer(new UnigramTokenizer(ModelForger.Model(("a", 0, 1), ("b", 0, 1))))), StringComparison.Ordinal);
        PromptTokenizer tokenizer = new(new UnigramTokenizer(ModelForger.Model(("<s>", 0, 3), ("</s>", 0, 3), ("▁", 0, 1))));
        Assert.Equal([3, 0, 2], tokenizer.Encode("x"));
        Assert.Equal([2], tokenizer.Encode("x", 1));
        tokenizer.RequireVocabulary(4);
        Assert.Contains("4 pieces, the text encoder 3 embeddings", Refusal(() => tokenizer.RequireVocabulary(3)), StringComparison.Ordinal);
    }

    [DataFact(TokenizerCases.WanCases, isFixture: true)]
    public void Damaged_models_give_the_one_exception_or_encode()
    {
        byte[] valid = File.ReadAllBytes(TokenizerCases.Fixture(TokenizerCases.WanModel));
        ByteMutator mutator = new(FuzzCount.Seed(9));
        int count = FuzzCount.Or(300);
        int refused = 0;
        for (int i = 0; i < count; i++)
        {
            try
            {
                UnigramTokenizer tokenizer = new(SentencePieceModel.Parse(mutator.Mutate(valid)));
                Assert.All(tokenizer.Encode("ﬁne 色调 boat １２ 🚢 x"), id => Assert.InRange(id, 0, tokenizer.Model.Pieces.Count - 1));
            }
            catch (CheckpointFormatException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, count / 4, count - 1);
    }

    [Fact]
    public void Damaged_small_models_give_the_one_exception_or_encode()
    {
        byte[] map = [.. new byte[] { 8, 0, 0, 0 }, .. new byte[8], .. "ab\0"u8];
        byte[] valid =
        [
            .. ModelForger.File(("<s>", 0, 3), ("</s>", 0, 3), ("▁ab", -1, 1), ("▁", -2, 1), ("<x>", 0, 4), ("b", -3, 1)),
            .. ModelForger.Bytes(2, [.. ModelForger.Integer(3, 1), .. ModelForger.Integer(35, 0), .. ModelForger.Integer(42, 2)]),
            .. ModelForger.Bytes(3, [.. ModelForger.Bytes(1, "x"u8.ToArray()), .. ModelForger.Bytes(2, map), .. ModelForger.Integer(3, 1)]),
        ];
        Assert.NotEmpty(new UnigramTokenizer(SentencePieceModel.Parse(valid)).Encode("ab <x> b"));
        ByteMutator mutator = new(FuzzCount.Seed(10));
        int count = FuzzCount.Or(5000);
        int refused = 0;
        for (int i = 0; i < count; i++)
        {
            try
            {
                UnigramTokenizer tokenizer = new(SentencePieceModel.Parse(mutator.Mutate(valid)));
                Assert.All(tokenizer.Encode("ab <x> b ab"), id => Assert.InRange(id, 0, tokenizer.Model.Pieces.Count - 1));
            }
            catch (CheckpointFormatException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, count / 4, count - 1);
    }

    private static string Refusal(Action action) => Assert.Throws<CheckpointFormatException>(action).Message;
}
