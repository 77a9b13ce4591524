using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Xunit;

namespace Tessera.Neural.Tests.Checkpoints;

public sealed class CheckpointTests
{
    private static readonly KeyTable Keys = new("test", [("a.*", "x.*")], [("a.weight", "old.weight")]);

    [Fact]
    public void Tensors_have_the_names_of_the_model()
    {
        using Checkpoint weights = new(File(("x.weight", [2]), ("b", [3])), Keys);
        Assert.Equal(["a.weight", "b"], weights.Names.Order());
        Assert.Equal([0, 1], weights["a.weight"].ReadSingle());
        Assert.Equal(5, weights.ParameterCount);
        Assert.Contains("'x.bias'", Assert.Throws<CheckpointFormatException>(() => weights["a.bias"]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_alias_stands_in_for_an_absent_name_only()
    {
        using Checkpoint absent = new(File(("old.weight", [2])), Keys);
        Assert.Equal(2, absent["a.weight"].ElementCount);
        using Checkpoint both = new(File(("old.weight", [2]), ("x.weight", [3])), Keys);
        Assert.Equal(3, both["a.weight"].ElementCount);
        Assert.Contains(
            "are the same tensor",
            Assert.Throws<CheckpointFormatException>(() => new Checkpoint(File(("a.weight", [1]), ("x.weight", [1])), Keys)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void All_faults_come_in_one_exception_under_the_names_of_the_file()
    {
        using Checkpoint weights = new(File(("x.weight", [2]), ("b", [3]), ("c", [1]), ("ignored", [1])), Keys);
        weights.Require("thing", [new("a.weight", 2), new("b", 3), new("c", 1), new("ignored", 1)]);
        weights.Require("thing", [new("a.weight", 2), new("b", 3), new("c", 1)], static name => name == "ignored");
        string message = Assert.Throws<CheckpointFormatException>(
            () => weights.Require("thing", [new("a.weight", 2, 1), new("a.bias", 2), new("d", 1), new("b", 3)])).Message;
        Assert.Equal(
            "memory is no thing of this configuration in test layout: 2 missing: x.bias; d; 1 of another shape or type: x.weight F32 [2], wanted [2, 1]; "
                + "2 too many: c; ignored.",
            message);
    }

    [Fact]
    public void Integers_are_no_weights()
    {
        SafetensorsWriter writer = new();
        writer.Add<long>("a", [1], new long[1]);
        using Checkpoint weights = new(Read(writer), Keys);
        Assert.Contains("a I64 [1]", Assert.Throws<CheckpointFormatException>(() => weights.Require("thing", [new("a", 1)])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(float.NaN, 0)]
    [InlineData(float.PositiveInfinity, 16383)]
    [InlineData(float.NegativeInfinity, 16384)]
    [InlineData(float.NaN, 19999)]
    public void The_first_number_that_is_not_finite_is_named(float value, int at)
    {
        float[] values = new float[20_000];
        values[at] = value;
        SafetensorsWriter writer = new();
        writer.Add<float>("ok", [4], new float[4]);
        writer.Add<float>("x.weight", [20_000], values);
        using Checkpoint weights = new(Read(writer), Keys);
        Assert.Equal($"tensor 'x.weight' holds {value} at element {at}", weights.FindNonFinite());
        using Checkpoint finite = new(File(("b", [3])), Keys);
        Assert.Null(finite.FindNonFinite());
    }

    [Fact]
    public void Shapes_count_their_elements() => Assert.Equal((24, "w [2, 3, 4]"), (new TensorSpecification("w", 2, 3, 4).ElementCount, new TensorSpecification("w", 2, 3, 4).ToString()));

    private static SafetensorsFile File(params (string Name, long[] Shape)[] tensors)
    {
        SafetensorsWriter writer = new();
        foreach ((string name, long[] shape) in tensors)
        {
            writer.Add<float>(name, shape, Enumerable.Range(0, (int)shape[0]).Select(static i => (float)i).ToArray());
        }

        return Read(writer);
    }

    private static SafetensorsFile Read(SafetensorsWriter writer)
    {
        using MemoryStream stream = new();
        writer.Write(stream);
        return SafetensorsFile.FromMemory(stream.ToArray());
    }
}
