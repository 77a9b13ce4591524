using System.Text;
using Tessera.Neural.Checkpoints;
using Tessera.Neural.Layers;
using Tessera.Numerics;
using Tessera.Serialization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Neural.Tests.Checkpoints;

public sealed class WeightScalesTests
{
    private static readonly KeyTable Plain = KeyTable.Identity("test");

    [Theory]
    [InlineData("a.scale_weight")]
    [InlineData("a.weight_scale")]
    [InlineData("a.weight.scale")]
    public void Scales_belong_to_their_weight_under_every_naming(string name)
    {
        SafetensorsWriter writer = Float8("a.weight");
        writer.Add<float>(name, [], new float[] { 0.5f });
        writer.Add<float>("a.scale_input", [], new float[] { 7 });
        writer.Add<float>("a.input_scale", [], new float[] { 7 });
        writer.Add<Float8E4M3>("scaled_fp8", [2], new Float8E4M3[2]);
        writer.Add<byte>("a.comfy_quant", [26], Encoding.ASCII.GetBytes("{\"format\":\"float8_e4m3fn\"}"));
        using Checkpoint weights = Read(writer);

        weights.Require("thing", [new("a.weight", 2, 2)]);

        Assert.Equal(["a.weight"], weights.Names);
        Assert.Equal(4, weights.ParameterCount);
        Assert.Equal([0.5f, 1, 1.5f, 2], weights["a.weight"].ReadSingle());
    }

    [Fact]
    public void Names_of_a_layout_are_translated_with_their_scales_beside_them()
    {
        SafetensorsWriter writer = Float8("model.x.weight");
        writer.Add<Half>("model.x.scale_weight", [1], new Half[] { (Half)2 });
        writer.Add<Float8E4M3>("model.scaled_fp8", [0], Array.Empty<Float8E4M3>());
        using Checkpoint weights = new(Source(writer), new KeyTable("test", [("a.*", "x.*")], prefix: "model."));
        weights.Require("thing", [new("a.weight", 2, 2)]);
        Assert.Equal([2, 4, 6, 8], weights["a.weight"].ReadSingle());
    }

    /// <summary>The product with weights of 8 bits is that with the same numbers in binary32, to the bit.</summary>
    [Fact]
    public void Products_with_scaled_integers_are_those_with_their_values()
    {
        const int Inputs = 40;
        const int Outputs = 19;
        Random random = new(4);
        sbyte[] codes = [.. Enumerable.Range(0, Inputs * Outputs).Select(_ => (sbyte)random.Next(-127, 128))];
        float[] scales = [.. Enumerable.Range(0, Outputs).Select(_ => random.NextSingle())];
        float[] values = [.. codes.Select((code, i) => code * scales[i / Inputs])];
        float[] input = new float[7 * Inputs];
        SeededInputs.FillNormal(random, input);
        SafetensorsWriter writer = new();
        writer.Add<sbyte>("a", [Outputs, Inputs], codes);
        writer.Add<float>("a.scale", [Outputs], scales);
        using Checkpoint weights = Read(writer);
        weights.Require("thing", [new("a", Outputs, Inputs)]);

        float[] expected = new float[7 * Outputs];
        new Linear(StoredTensor.FromValues<float>("a", [Outputs, Inputs], values)).Forward(input, 7, expected);
        float[] actual = new float[7 * Outputs];
        new Linear(weights["a"]).Forward(input, 7, actual);

        NumericAssert.BitwiseEqual(expected, actual);
    }

    [Fact]
    public void Integers_need_a_scale()
    {
        SafetensorsWriter writer = new();
        writer.Add<sbyte>("a", [2], new sbyte[2]);
        using Checkpoint weights = Read(writer);
        string message = Assert.Throws<CheckpointFormatException>(() => weights.Require("thing", [new("a", 2)])).Message;
        Assert.Contains("a I8 [2] without a scale, wanted [2]", message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_orphaned_scale_is_a_tensor_too_many()
    {
        SafetensorsWriter writer = new();
        writer.Add<float>("a", [2], new float[2]);
        writer.Add<float>("b.scale_weight", [1], new float[1]);
        using Checkpoint weights = Read(writer);
        string message = Assert.Throws<CheckpointFormatException>(() => weights.Require("thing", [new("a", 2)])).Message;
        Assert.Contains("1 too many: b.scale_weight", message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_scales_that_do_not_fit_come_in_one_exception()
    {
        SafetensorsWriter writer = Float8("a.weight", "b.weight", "blocks.0.weight", "blocks.1.weight", "c.weight", "d.weight");
        writer.Add<float>("a.scale_weight", [3], new float[3]);
        writer.Add<long>("b.scale_weight", [1], new long[1]);
        writer.Add<float>("blocks.0.scale_weight", [1], new float[1]);
        writer.Add<float>("c.scale_weight", [1], new float[1]);
        writer.Add<float>("c.weight_scale", [1], new float[1]);
        writer.Add<byte>("d.comfy_quant", [20], Encoding.ASCII.GetBytes("{\"format\": \"nvfp4\"} "));
        writer.Add<float>("e.weight", [1], new float[1]);
        writer.Add<float>("e.scale_weight", [1], new float[1]);

        string message = Assert.Throws<CheckpointFormatException>(() => Read(writer)).Message;

        foreach (string fault in (string[])
            [
                "a.scale_weight F32 [3] does not scale a.weight F8_E4M3 [2, 2]; wanted 1 or 2 floating-point numbers",
                "b.scale_weight I64 [1] does not scale", "'c.weight_scale' and 'c.scale_weight' both scale 'c.weight'",
                "'d.comfy_quant' says \"format\": \"nvfp4\", which is not implemented",
                "'e.scale_weight' scales e.weight F32 [1], which has no 8-bit numbers",
                "blocks.1.weight F8_E4M3 [2, 2] lost its scale",
            ])
        {
            Assert.Contains(fault, message, StringComparison.Ordinal);
        }

        // A weight without sisters that have scales is taken as it is.
        Assert.DoesNotContain("d.weight F8", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[1]")]
    [InlineData("{\"format\": 3}")]
    [InlineData("{\"format\": \"int8_tensorwise\", \"convrot\": true}")]
    public void Descriptions_that_are_not_understood_are_refused(string text)
    {
        SafetensorsWriter writer = Float8("a.weight");
        writer.Add<byte>("a.comfy_quant", [text.Length], Encoding.ASCII.GetBytes(text));
        Assert.Contains("'a.comfy_quant'", Assert.Throws<CheckpointFormatException>(() => Read(writer)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_scale_that_is_not_finite_is_named()
    {
        SafetensorsWriter writer = Float8("a.weight");
        writer.Add<float>("a.scale_weight", [], new float[] { float.NaN });
        using Checkpoint weights = Read(writer);
        string message = Assert.Throws<TensorFormatException>(() => weights["a.weight"]).Message;
        Assert.Contains("'a.scale_weight' holds NaN", message, StringComparison.Ordinal);
    }

    /// <summary>1, 2, 3, 4 in a matrix of each name.</summary>
    private static SafetensorsWriter Float8(params string[] names)
    {
        SafetensorsWriter writer = new();
        Float8E4M3[] values = [.. new float[] { 1, 2, 3, 4 }.Select(static value => (Float8E4M3)value)];
        foreach (string name in names)
        {
            writer.Add<Float8E4M3>(name, [2, 2], values);
        }

        return writer;
    }

    private static Checkpoint Read(SafetensorsWriter writer) => new(Source(writer), Plain);

    private static SafetensorsFile Source(SafetensorsWriter writer)
    {
        using MemoryStream stream = new();
        writer.Write(stream);
        return SafetensorsFile.FromMemory(stream.ToArray());
    }
}
