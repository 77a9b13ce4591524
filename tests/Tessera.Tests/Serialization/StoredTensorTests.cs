using Tessera.Numerics;
using Tessera.Serialization;
using Xunit;

namespace Tessera.Tests.Serialization;

public sealed class StoredTensorTests
{
    [Fact]
    public void Parts_and_bytes_are_those_of_the_values()
    {
        BFloat16[] values = [.. Enumerable.Range(0, 24).Select(static i => (BFloat16)(float)i)];
        StoredTensor tensor = StoredTensor.FromValues<BFloat16>("w", [2, 3, 4], values);
        Assert.Equal((2, 12, 24), (tensor.Rows, tensor.RowLength, tensor.ElementCount));
        float[] part = new float[5];
        tensor.ReadSingle(10, part);
        Assert.Equal([10, 11, 12, 13, 14], part);
        Assert.Equal(4, tensor.Bytes(22, 2).Length);
        Assert.Equal("w BF16 [2, 3, 4]", tensor.ToString());
    }

    [Fact]
    public void Parts_beyond_the_tensor_are_refused()
    {
        StoredTensor tensor = StoredTensor.FromValues<float>("w", [4], new float[4]);
        float[] part = new float[3];
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.ReadSingle(2, part));
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.ReadSingle(-1, part));
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Bytes(4, 1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Bytes(long.MaxValue, 1).Length);
        Assert.Throws<ArgumentException>(() => StoredTensor.FromValues<float>("w", [5], new float[4]));
    }

    [Fact]
    public void A_tensor_of_a_closed_file_says_so()
    {
        SafetensorsWriter writer = new();
        writer.Add<float>("w", [2], new float[] { 3, 4 });
        using MemoryStream stream = new();
        writer.Write(stream);
        SafetensorsFile file = SafetensorsFile.FromMemory(stream.ToArray());
        StoredTensor tensor = file.Tensor("w");
        Assert.Equal([3, 4], tensor.ReadSingle());
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tensor.ReadSingle());
    }
}
