using Tessera.Numerics;
using Tessera.Serialization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Serialization;

public sealed class ScaledTensorTests
{
    [Theory]
    [InlineData(1f)]
    [InlineData(0.0123f)]
    [InlineData(-3e30f)]
    public void Every_code_of_8_bits_is_its_number_times_the_scale(float scale)
    {
        byte[] codes = [.. Enumerable.Range(0, 256).Select(static code => (byte)code)];
        StoredTensor factor = StoredTensor.FromValues<float>("s", [], [scale]);
        Float8E4M3[] narrow = [.. codes.Select(Float8E4M3.FromBits)];
        Float8E5M2[] wide = [.. codes.Select(Float8E5M2.FromBits)];
        sbyte[] integers = [.. codes.Select(static code => (sbyte)code)];

        Equal(narrow.Select(code => (float)code * scale), StoredTensor.FromValues<Float8E4M3>("w", [16, 16], narrow).ScaledBy(factor));
        Equal(wide.Select(code => (float)code * scale), StoredTensor.FromValues<Float8E5M2>("w", [16, 16], wide).ScaledBy(factor));
        Equal(integers.Select(code => code * scale), StoredTensor.FromValues<sbyte>("w", [16, 16], integers).ScaledBy(factor));
    }

    /// <summary>Any part may start and end within a row, and rows may be longer or shorter than a vector.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(37)]
    public void Parts_are_scaled_by_their_rows(int rowLength)
    {
        const int Rows = 7;
        Random random = new(rowLength);
        sbyte[] codes = [.. Enumerable.Range(0, Rows * rowLength).Select(_ => (sbyte)random.Next(-128, 128))];
        float[] factors = [.. Enumerable.Range(0, Rows).Select(_ => random.NextSingle())];
        StoredTensor tensor = StoredTensor.FromValues<sbyte>("w", [Rows, rowLength], codes)
            .ScaledBy(StoredTensor.FromValues<float>("s", [Rows, 1], factors));
        float[] expected = [.. codes.Select((code, i) => code * factors[i / rowLength])];
        Assert.Equal(factors, tensor.Scales);
        for (int start = 0; start < codes.Length; start += 3)
        {
            for (int length = 0; length <= codes.Length - start; length += 2)
            {
                float[] part = new float[length];
                tensor.ReadSingle(start, part);
                NumericAssert.BitwiseEqual(expected.AsSpan(start, length), part);
            }
        }
    }

    [Fact]
    public void Scales_that_do_not_fit_are_refused()
    {
        StoredTensor tensor = StoredTensor.FromValues<sbyte>("w", [2, 3], new sbyte[6]);
        StoredTensor one = StoredTensor.FromValues<float>("s", [1], [2]);
        Assert.Contains("s F32 [3] does not scale w I8 [2, 3]; wanted 1 or 2", Refusal(tensor, [1, 2, 3]), StringComparison.Ordinal);
        Assert.Contains("tensor 's' holds NaN at element 1", Refusal(tensor, [1, float.NaN]), StringComparison.Ordinal);
        Assert.Contains("takes no scales", Refusal(tensor.ScaledBy(one), [1]), StringComparison.Ordinal);
        Assert.Contains("takes no scales", Refusal(StoredTensor.FromValues<float>("w", [1], [1]), [1]), StringComparison.Ordinal);
        Assert.True(tensor.Scales.IsEmpty);
    }

    /// <summary>Hints change no value, whichever pages they touch; the neighbours of a small tensor share its page.</summary>
    [Fact]
    public void Prefetched_and_released_tensors_read_as_before()
    {
        string path = Path.Combine(Path.GetTempPath(), $"tessera-advice-{Guid.NewGuid():N}.safetensors");
        try
        {
            float[] large = [.. Enumerable.Range(0, 20_000).Select(static i => (float)i)];
            SafetensorsWriter writer = new();
            writer.Add<float>("a", [20_000], large);
            writer.Add<float>("b", [2], new float[] { 5, 6 });
            writer.Save(path);
            using SafetensorsFile file = SafetensorsFile.Open(path);
            foreach (string name in new[] { "a", "b" })
            {
                file.Tensor(name).Prefetch();
                float[] before = file.Tensor(name).ReadSingle();
                file.Tensor(name).Release();
                Assert.Equal(before, file.Tensor(name).ReadSingle());
            }

            Assert.Equal(large, file.Tensor("a").ReadSingle());
            StoredTensor ofMemory = StoredTensor.FromValues<float>("m", [1], [1]);
            ofMemory.Release();
            Assert.Equal([1], ofMemory.ReadSingle());
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static string Refusal(StoredTensor tensor, float[] scales) =>
        Assert.Throws<TensorFormatException>(() => tensor.ScaledBy(StoredTensor.FromValues<float>("s", [scales.Length], scales))).Message;

    private static void Equal(IEnumerable<float> expected, StoredTensor actual) =>
        Assert.Equal(expected.Select(Bits), actual.ReadSingle().Select(Bits));

    // NaN codes stay NaN; their bits are the processor's affair.
    private static uint Bits(float value) => float.IsNaN(value) ? uint.MaxValue : BitConverter.SingleToUInt32Bits(value);
}
