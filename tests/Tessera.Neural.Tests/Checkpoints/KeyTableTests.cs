using Tessera.Neural.Checkpoints;
using Xunit;

namespace Tessera.Neural.Tests.Checkpoints;

public sealed class KeyTableTests
{
    private static readonly KeyTable Table = new(
        "file", [("blocks.#.q.*", "layers.#.to_q.*"), ("head.modulation", "table"), ("blocks.3.up.#.*", "ups.#.*")], [("head.modulation", "old_table")],
        "model.");

    [Theory]
    [InlineData("blocks.0.q.weight", "model.layers.0.to_q.weight")]
    [InlineData("blocks.12.q.bias", "model.layers.12.to_q.bias")]
    [InlineData("head.modulation", "model.table")]
    [InlineData("blocks.3.up.5.weight", "model.ups.5.weight")]
    [InlineData("unknown.name", "model.unknown.name")]
    [InlineData("blocks.x.q.weight", "model.blocks.x.q.weight")]
    [InlineData("blocks.1.q.weight.more", "model.blocks.1.q.weight.more")]
    [InlineData("blocks.1.q.", "model.blocks.1.q.")]
    [InlineData("", "model.")]
    public void Names_go_both_ways(string model, string file)
    {
        Assert.Equal(file, Table.ToFile(model));
        Assert.Equal(model, Table.ToModel(file, out bool isAlias));
        Assert.False(isAlias);
    }

    [Fact]
    public void Aliases_and_absent_prefixes_are_read_only()
    {
        Assert.Equal("head.modulation", Table.ToModel("model.old_table", out bool isAlias));
        Assert.True(isAlias);
        Assert.Equal("blocks.0.q.weight", Table.ToModel("layers.0.to_q.weight", out _));
        Assert.Equal("x.y", KeyTable.Identity("same").ToFile("x.y"));
    }

    [Fact]
    public void Rows_must_hold_the_same_numbers_and_words() =>
        Assert.Throws<ArgumentException>(() => new KeyTable("file", [("blocks.#.*", "layers.*.#")]));
}
