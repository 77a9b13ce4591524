using System.Buffers.Binary;
using System.Text;
using Tessera.Numerics;
using Tessera.Serialization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Serialization;

public sealed class SafetensorsFileTests
{
    private const string Fixture = "wan/formats/dtypes.safetensors";

    /// <summary>Header, bytes of data, and a part of the one sentence that must come.</summary>
    public static TheoryData<string, int, string> Hostile => new()
    {
        { "", 0, "not a JSON object" },
        { "[]", 0, "not a JSON object" },
        { " {}", 0, "not a JSON object" },
        { "{", 0, "not valid JSON" },
        { "{} x", 0, "not valid JSON" },
        { "{}", 4, "hold 0 bytes, but the file holds 4" },
        { "{\"a\":1}", 0, "tensor 'a' is described by Number" },
        { "{\"a\":{}}", 0, "lacks dtype" },
        { "{\"a\":{\"dtype\":1,\"shape\":[],\"data_offsets\":[0,4]}}", 4, "tensor 'a' has dtype Number" },
        { "{\"a\":{\"dtype\":\"F4\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, "tensor 'a' has dtype 'F4'" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":0}}", 4, "field 'x', which is unknown" },
        { "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "field 'dtype', which is unknown or doubled" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "tensor 'a' has shape with an entry that is not an integer" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4, "shape with an entry that is not an integer" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1e400],\"data_offsets\":[0,4]}}", 4, "shape with an entry that is not an integer" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[\"1\"],\"data_offsets\":[0,4]}}", 4, "shape with an entry that is not an integer" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":{},\"data_offsets\":[0,4]}}", 4, "shape that is StartObject, not an array" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, "which overflows" },
        { "{\"a\":{\"dtype\":\"F64\",\"shape\":[2305843009213693952],\"data_offsets\":[0,0]}}", 0, "which overflows" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "two data_offsets" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "tensor 'a' has data_offsets [4, 0]" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "F32 [2] needs 8 bytes" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "tensor 'a' starts at byte 4 of the data, but the tensors before it end at 0" },
        { Two("[0,4]", "[8,12]"), 12, "tensor 'b' starts at byte 8 of the data, but the tensors before it end at 4" },
        { Two("[0,4]", "[2,6]"), 6, "tensor 'b' starts at byte 2 of the data, but the tensors before it end at 4" },
        { Two("[0,4]", "[0,4]"), 4, "tensor 'b' starts at byte 0 of the data, but the tensors before it end at 4" },
        { Two("[0,4]", "[4,8]"), 7, "tensor 'b' ends at byte 8 of the data, but the file holds only 7" },
        { Two("[0,4]", "[4,8]"), 9, "hold 8 bytes, but the file holds 9" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, "the name 'a' occurs twice" },
        { "{\"__metadata__\":{\"x\":1}}", 0, "metadata 'x' is Number" },
        { "{\"__metadata__\":{\"x\":\"1\",\"x\":\"2\"}}", 0, "metadata 'x' occurs twice" },
        { "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "the name '__metadata__' occurs twice" },
        { "{\"__metadata__\":\"x\"}", 0, "'__metadata__' is described by String" },
        { "{\"\\ud800\":{}}", 0, "not valid text" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":" + new string('[', 1000) + "}}", 0, "shape with an entry that is not an integer" },
    };

    [Fact]
    public void A_hand_made_file_reads_as_written_in_the_format_note()
    {
        byte[] file = File("{\"x\":{\"dtype\":\"I16\",\"shape\":[2,1],\"data_offsets\":[0,4]},\"__metadata__\":{\"k\":\"v\"}}   ", [0x01, 0x00, 0xFE, 0xFF]);
        using SafetensorsFile safetensors = SafetensorsFile.FromMemory(file);
        Assert.Equal([1f, -2f], safetensors.ReadSingle("x"));
        Assert.Equal([2L, 1L], safetensors["x"].Shape);
        Assert.Equal("v", safetensors.Metadata["k"]);
        Assert.Equal(4, safetensors.Bytes("x").Length);
        Assert.Equal("x I16 [2, 1]", safetensors.Tensors.Single().ToString());
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Hostile_headers_are_refused_with_one_exact_sentence(string header, int dataLength, string wanted)
    {
        TensorFormatException error = Assert.Throws<TensorFormatException>(() => SafetensorsFile.FromMemory(File(header, new byte[dataLength]), "evil"));
        Assert.Contains(wanted, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("evil: ", error.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(100_000_001UL)]
    [InlineData(1UL << 63)]
    [InlineData(3UL)]
    public void A_header_length_beyond_the_file_or_the_cap_is_refused(ulong length)
    {
        byte[] file = File("{}", []);
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        TensorFormatException error = Assert.Throws<TensorFormatException>(() => SafetensorsFile.FromMemory(file));
        Assert.Contains($"header length is {length}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Invalid_UTF8_and_short_files_are_refused()
    {
        byte[] file = File("{\"??\":{}}", []);
        file[10] = 0xC3;
        Assert.Contains("UTF-8", Assert.Throws<TensorFormatException>(() => SafetensorsFile.FromMemory(file)).Message, StringComparison.Ordinal);
        for (int length = 0; length < 8; length++)
        {
            Assert.Throws<TensorFormatException>(() => SafetensorsFile.FromMemory(file.AsMemory(0, length)));
        }

        string path = Path.GetTempFileName();
        try
        {
            Assert.Contains("empty", Assert.Throws<TensorFormatException>(() => SafetensorsFile.Open(path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            System.IO.File.Delete(path);
        }
    }

    [Fact]
    public void A_long_hostile_name_does_not_flood_the_message()
    {
        TensorFormatException error = Assert.Throws<TensorFormatException>(() => SafetensorsFile.FromMemory(File($"{{\"{new string('n', 100_000)}\":1}}", [])));
        Assert.True(error.Message.Length < 300, error.Message);
    }

    [Fact]
    public void Damaged_files_give_the_one_exception_or_readable_tensors()
    {
        SafetensorsWriter writer = new();
        writer.Metadata["format"] = "pt";
        writer.Add<float>("weight", [3, 2], new float[6]);
        writer.Add<BFloat16>("bias", [4], new BFloat16[4]);
        writer.Add<byte>("unicode_名前", [], new byte[1]);
        writer.Add<long>("empty", [0, 5], Array.Empty<long>());
        using MemoryStream stream = new();
        writer.Write(stream);
        byte[] valid = stream.ToArray();
        ByteMutator mutator = new(FuzzCount.Seed(2024));
        int count = FuzzCount.Or(20_000);
        int refused = 0;
        for (int i = 0; i < count; i++)
        {
            byte[] damaged = mutator.Mutate(valid);
            try
            {
                using SafetensorsFile file = SafetensorsFile.FromMemory(damaged);
                foreach (TensorDescription tensor in file.Tensors)
                {
                    Assert.Equal(tensor.ElementCount, file.ReadSingle(tensor.Name).Length);
                    Assert.Equal(tensor.ByteLength, file.Bytes(tensor.Name).Length);
                }
            }
            catch (TensorFormatException)
            {
                refused++;
            }
        }

        // Most damage hits structure; some hits data, names or metadata only. Both must occur, or the test tests nothing.
        Assert.InRange(refused, count / 2, count - (count / 200));
    }

    [Fact]
    public void Parts_of_a_tensor_read_alike()
    {
        Half[] values = [.. Enumerable.Range(0, 100).Select(i => (Half)i)];
        SafetensorsWriter writer = new();
        writer.Add<Half>("h", [10, 10], values);
        using SafetensorsFile file = SafetensorsFile.FromMemory(Bytes(writer));
        float[] part = new float[7];
        file.ReadSingle("h", 33, part);
        Assert.Equal([33f, 34f, 35f, 36f, 37f, 38f, 39f], part);
        Assert.Equal(values, file.ReadArray<Half>("h"));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadSingle("h", 94, part));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadSingle("h", -1, part));
    }

    [Fact]
    public void Wrong_names_types_and_uses_are_refused()
    {
        SafetensorsWriter writer = new();
        writer.Add<int>("n", [1], new int[1]);
        SafetensorsFile file = SafetensorsFile.FromMemory(Bytes(writer), "f");
        Assert.Contains("no tensor 'm'", Assert.Throws<TensorFormatException>(() => file["m"]).Message, StringComparison.Ordinal);
        Assert.Contains("'n' is I32, not F32", Assert.Throws<TensorFormatException>(() => file.ReadArray<float>("n")).Message, StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => file.ReadArray<decimal>("n"));
        Assert.True(file.Contains("n") && !file.Contains("m"));
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.ReadSingle("n"));
        Assert.Throws<ObjectDisposedException>(() => file.Bytes("n").Length);
    }

    [DataFact(Fixture, isFixture: true)]
    public void Every_dtype_of_a_recorded_file_reads_to_its_recorded_values()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(TestRoots.Fixtures, Fixture));
        Assert.Equal(19, file.Tensors.Count);
        foreach ((string stored, string expected) in new[] { ("bf16", "expect.bf16"), ("f16", "expect.f16"), ("f8_e4m3_all_codes", "expect.f8_e4m3"), ("f8_e5m2_all_codes", "expect.f8_e5m2") })
        {
            Assert.Equal(file.ReadSingle(expected), file.ReadSingle(stored));
        }

        Assert.Empty(file.ReadSingle("empty"));
        Assert.Single(file.ReadSingle("scalar"));
        Assert.Equal(2, file.ReadSingle("unicode_名前").Length);
        Assert.Equal(file.ReadArray<double>("f64").Select(value => (float)value), file.ReadSingle("f64"));
        Assert.Equal(file.ReadArray<long>("i64").Select(value => (float)value), file.ReadSingle("i64"));
        Assert.Equal(file.ReadArray<int>("i32").Select(value => (float)value), file.ReadSingle("i32"));
        Assert.Equal(file.ReadArray<short>("i16").Select(value => (float)value), file.ReadSingle("i16"));
        Assert.Equal(file.ReadArray<sbyte>("i8").Select(value => (float)value), file.ReadSingle("i8"));
        Assert.Equal(file.ReadArray<byte>("u8").Select(value => (float)value), file.ReadSingle("u8"));
        Assert.Equal(file.ReadArray<bool>("bool").Select(value => value ? 1f : 0f), file.ReadSingle("bool"));
    }

    private static string Two(string first, string second) =>
        $"{{\"a\":{{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":{first}}},\"b\":{{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":{second}}}}}";

    private static byte[] File(string header, byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] file = new byte[8 + json.Length + data.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(file, (ulong)json.Length);
        json.CopyTo(file, 8);
        data.CopyTo(file, 8 + json.Length);
        return file;
    }

    private static byte[] Bytes(SafetensorsWriter writer)
    {
        using MemoryStream stream = new();
        writer.Write(stream);
        return stream.ToArray();
    }
}
