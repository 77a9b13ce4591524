using System.Buffers.Binary;
using System.Text;
using Tessera.Numerics;
using Tessera.Serialization;
using Xunit;

namespace Tessera.Tests.Serialization;

public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tessera-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void All_types_survive_a_file()
    {
        SafetensorsWriter writer = new();
        writer.Metadata["quote\""] = "line\nbreak 名前";
        Add(writer, "f64", [1.5, double.NaN]);
        Add(writer, "f32", [1.5f, float.NegativeInfinity]);
        Add(writer, "f16", [(Half)1.5f, Half.NaN]);
        Add(writer, "bf16", [BFloat16.One, BFloat16.MinValue]);
        Add(writer, "e4m3", [Float8E4M3.One, Float8E4M3.MaxValue]);
        Add(writer, "e5m2", [Float8E5M2.One, Float8E5M2.NegativeInfinity]);
        Add(writer, "i64", [long.MinValue, 1]);
        Add(writer, "i32", [int.MinValue, 1]);
        Add(writer, "i16", [short.MinValue, (short)1]);
        Add(writer, "i8", [sbyte.MinValue, (sbyte)1]);
        Add(writer, "u64", [ulong.MaxValue, 1UL]);
        Add(writer, "u32", [uint.MaxValue, 1U]);
        Add(writer, "u16", [ushort.MaxValue, (ushort)1]);
        Add(writer, "u8", [byte.MaxValue, (byte)1]);
        Add(writer, "bool", [true, false]);
        writer.Add<float>("scalar", [], new float[] { 3f });
        writer.Add<float>("empty", [4, 0], Array.Empty<float>());
        string path = Path.Combine(_folder, "all.safetensors");
        writer.Save(path);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal("line\nbreak 名前", file.Metadata["quote\""]);
        Assert.Equal([long.MinValue, 1], file.ReadArray<long>("i64"));
        Assert.Equal([ulong.MaxValue, 1], file.ReadArray<ulong>("u64"));
        Assert.Equal([true, false], file.ReadArray<bool>("bool"));
        Assert.Equal([1.5f, float.NaN], file.ReadSingle("f64"));
        Assert.Equal([1.5f, float.NaN], file.ReadSingle("f16"));
        Assert.Equal([1f, -3.3895314e38f], file.ReadSingle("bf16"));
        Assert.Equal([1f, 448f], file.ReadSingle("e4m3"));
        Assert.Equal([1f, float.NegativeInfinity], file.ReadSingle("e5m2"));
        Assert.Equal([uint.MaxValue, 1f], file.ReadSingle("u32"));
        Assert.Equal([ushort.MaxValue, 1f], file.ReadSingle("u16"));
        Assert.Equal([3f], file.ReadSingle("scalar"));
        Assert.Equal([4L, 0L], file["empty"].Shape);
        Assert.All(file.Tensors, tensor => Assert.Equal(0, tensor.Offset % tensor.DataType.ByteSize()));
    }

    [Fact]
    public void Equal_content_gives_equal_aligned_bytes_whatever_the_order_of_adding()
    {
        SafetensorsWriter first = new();
        Add(first, "b", [1f]);
        Add(first, "a", [2f]);
        Add(first, "z", [1UL]);
        SafetensorsWriter second = new();
        Add(second, "z", [1UL]);
        Add(second, "a", [2f]);
        Add(second, "b", [1f]);
        byte[] bytes = Bytes(first);
        Assert.Equal(bytes, Bytes(second));
        int headerLength = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        Assert.Equal(0, headerLength % 8);
        Assert.StartsWith(
            "{\"z\":{\"dtype\":\"U64\",\"shape\":[1],\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},",
            Encoding.UTF8.GetString(bytes, 8, headerLength), StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_leaves_the_old_file_and_no_temporary_one()
    {
        string path = Path.Combine(_folder, "kept.safetensors");
        SafetensorsWriter good = new();
        Add(good, "x", [1f]);
        good.Save(path);
        byte[] before = File.ReadAllBytes(path);
        SafetensorsWriter bad = new();
        bad.Add("x", TensorDataType.Float32, [1], _ => throw new InvalidDataException("no data"));
        Assert.Throws<InvalidDataException>(() => bad.Save(path));
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Single(Directory.GetFiles(_folder));
        Add(good, "y", [2f]);
        good.Save(path);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal([2f], file.ReadSingle("y"));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void A_streamed_tensor_of_the_wrong_size_is_refused(int bytes)
    {
        SafetensorsWriter writer = new();
        writer.Add("s", TensorDataType.Float32, [1], stream => stream.Write(new byte[bytes]));
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => Bytes(writer));
        Assert.Contains($"'s' wrote {bytes} bytes; its shape needs 4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Impossible_tensors_are_refused()
    {
        SafetensorsWriter writer = new();
        Add(writer, "x", [1f]);
        Assert.Throws<ArgumentException>(() => Add(writer, "x", [1f]));
        Assert.Throws<ArgumentException>(() => Add(writer, "__metadata__", [1f]));
        Assert.Throws<ArgumentException>(() => writer.Add<float>("y", [2], new float[1]));
        Assert.Throws<ArgumentException>(() => writer.Add<float>("y", [-1], new float[1]));
        Assert.Throws<ArgumentException>(() => writer.Add("y", TensorDataType.Float64, [long.MaxValue, 2], static _ => { }));
    }

    private static void Add<T>(SafetensorsWriter writer, string name, T[] values)
        where T : unmanaged => writer.Add<T>(name, [values.Length], values);

    private static byte[] Bytes(SafetensorsWriter writer)
    {
        using MemoryStream stream = new();
        writer.Write(stream);
        return stream.ToArray();
    }
}
