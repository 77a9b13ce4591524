using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using Tessera.Serialization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Serialization;

public sealed class PyTorchFileTests
{
    private const string Fixture = "wan/formats/state_dict.pth";
    private static readonly byte[] SixFloats = MemoryMarshal.AsBytes<float>(new float[] { 0, 1, 2, 3, 4, 5 }).ToArray();

    /// <summary>Pickles that do something, and what the refusal must name.</summary>
    public static TheoryData<string, byte[], string> Hostile => new()
    {
        { "call", new PickleForger().Global("os system").Text("touch /tmp/x").Raw(0x85, (byte)'R', (byte)'.').ToArray(), "'os.system'" },
        { "eval", new PickleForger().Global("builtins eval").Raw((byte)'.').ToArray(), "'builtins.eval'" },
        { "nested load", new PickleForger().Global("torch.storage _load_from_bytes").Raw((byte)'.').ToArray(), "'torch.storage._load_from_bytes'" },
        { "torch itself", new PickleForger().Global("torch load").Raw((byte)'.').ToArray(), "'torch.load'" },
        { "inst", new PickleForger().Raw((byte)'(', (byte)'i').ToArray(), "INST (0x69)" },
        { "obj", new PickleForger().Raw((byte)'(', (byte)'o').ToArray(), "OBJ (0x6F)" },
        { "newobj", new PickleForger().Raw((byte)')', 0x81).ToArray(), "NEWOBJ (0x81)" },
        { "stack global", new PickleForger().Text("os").Text("system").Raw(0x93).ToArray(), "STACK_GLOBAL (0x93)" },
        { "extension", new PickleForger().Raw(0x82, 1).ToArray(), "EXT1 (0x82)" },
        { "protocol", [0x80, 4, (byte)'.'], "protocol 4" },
        { "unknown", [0x80, 2, 0xFF], "0xFF" },
        { "storage called", new PickleForger().Global("torch FloatStorage").Raw((byte)')', (byte)'R', (byte)'.').ToArray(), "calls Storage" },
        { "dict called with items", new PickleForger().Global("collections OrderedDict").Raw((byte)']', 0x85, (byte)'R', (byte)'.').ToArray(), "calls OrderedDictionary" },
        { "text called", new PickleForger().Text("f").Raw((byte)')', (byte)'R', (byte)'.').ToArray(), "no function" },
        { "state of a tensor", [.. PickleForger.OneTensor([2, 3], [3, 1])[..^2], (byte)'}', (byte)'b', (byte)'.'], "sets the state" },
        { "persistent id", new PickleForger().Text("x").Raw((byte)'Q', (byte)'.').ToArray(), "persistent id" },
        { "empty stack", new PickleForger().Raw((byte)'R').ToArray(), "empty stack" },
        { "no mark", new PickleForger().Raw((byte)'}', (byte)'u').ToArray(), "lacks a mark" },
        { "pop over mark", new PickleForger().Raw((byte)'N', (byte)'(', 0x85).ToArray(), "empty stack" },
        { "memo", new PickleForger().Raw((byte)'h', 7).ToArray(), "recalls value 7" },
        { "integer key", new PickleForger().Raw((byte)'}', (byte)'K', 1, (byte)'N', (byte)'s').ToArray(), "key that is no string" },
        { "odd items", new PickleForger().Raw((byte)'}', (byte)'(', (byte)'N', (byte)'u').ToArray(), "key without a value" },
        { "huge text", new PickleForger().Raw((byte)'X', 0xFF, 0xFF, 0xFF, 0xFF).ToArray(), "cut short" },
        { "huge integer", new PickleForger().Raw(0x8A, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1).ToArray(), "integer of 9 bytes" },
        { "no utf8", new PickleForger().Raw((byte)'X', 1, 0, 0, 0, 0xC3).ToArray(), "not UTF-8" },
        { "endless global", [0x80, 2, (byte)'c', .. Encoding.ASCII.GetBytes(new string('a', 5000))], "without an end" },
        { "no stop", [0x80, 2], "cut short" },
        { "values left", new PickleForger().Raw((byte)'N', (byte)'N', (byte)'.').ToArray(), "leaves 1 values" },
        { "no dictionary", new PickleForger().Raw((byte)'N', (byte)'.').ToArray(), "no dictionary of tensors" },
        { "no tensor", new PickleForger().Raw((byte)'}').Text("epoch").Raw((byte)'K', 3, (byte)'s', (byte)'.').ToArray(), "'epoch' is no tensor" },
        { "complex", PickleForger.OneTensor([6], [1], storage: "torch ComplexFloatStorage"), "'torch.ComplexFloatStorage'" },
        { "negative shape", PickleForger.OneTensor([-6], [1]), "impossible shape [-6]" },
        { "huge shape", PickleForger.OneTensor([1L << 40, 1L << 40], [1, 1]), "impossible shape" },
        { "negative stride", PickleForger.OneTensor([6], [-1]), "impossible shape" },
        { "negative offset", PickleForger.OneTensor([6], [1], offset: -1), "impossible shape" },
        { "rank", PickleForger.OneTensor([2, 3], [1]), "impossible shape" },
        { "beyond storage", PickleForger.OneTensor([6], [1], offset: 1), "exceeds its storage '0' of 6 elements" },
        { "expanded", PickleForger.OneTensor([1L << 40], [0]), "exceeds its storage" },
        { "huge stride", PickleForger.OneTensor([2, 3], [long.MaxValue, long.MaxValue]), "exceeds its storage" },
        { "no entry", PickleForger.OneTensor([6], [1], key: "1"), "'1', which is not in the archive" },
        { "outside", PickleForger.OneTensor([6], [1], key: "../data.pkl"), "which is not in the archive" },
        { "short entry", PickleForger.OneTensor([7], [1], count: 7), "which has 24 bytes" },
    };

    [DataFact(Fixture, isFixture: true)]
    public void Every_kind_of_recorded_tensor_reads_as_recorded()
    {
        using PyTorchFile file = PyTorchFile.Open(Path.Combine(TestRoots.Fixtures, Fixture));
        using SafetensorsFile expected = SafetensorsFile.Open(Path.Combine(TestRoots.Fixtures, "wan/formats/state_dict_expected.safetensors"));

        Assert.Equal(expected.Tensors.Select(static tensor => tensor.Name).Order(), file.Tensors.Select(static tensor => tensor.Name).Order());
        foreach (TensorDescription tensor in expected.Tensors)
        {
            StoredTensor read = file.Tensor(tensor.Name);
            Assert.Equal(tensor.DataType, read.DataType);
            Assert.Equal(tensor.Shape, read.Shape);
            Assert.True(expected.Bytes(tensor.Name).SequenceEqual(read.Bytes(0, (int)read.ElementCount)), tensor.Name);
        }
    }

    [Fact]
    public void Views_of_a_storage_are_gathered()
    {
        using PyTorchFile transposed = Open(PickleForger.OneTensor([3, 2], [1, 3]));
        Assert.Equal([0, 3, 1, 4, 2, 5], transposed.Tensor("w").ReadSingle());
        using PyTorchFile sliced = Open(PickleForger.OneTensor([2, 2], [3, 1], offset: 1));
        Assert.Equal([1, 2, 4, 5], sliced.Tensor("w").ReadSingle());
        Assert.Equal([2L, 2L], sliced.Tensor("w").Shape);
        using PyTorchFile scalar = Open(PickleForger.OneTensor([], [], offset: 4));
        Assert.Equal([4], scalar.Tensor("w").ReadSingle());
        using PyTorchFile empty = Open(PickleForger.OneTensor([0, 3], [3, 1]));
        Assert.Empty(empty.Tensor("w").ReadSingle());
    }

    [Fact]
    public void A_state_dictionary_with_module_metadata_is_read()
    {
        byte[] pickle = new PickleForger().Global("collections OrderedDict").Raw((byte)')', (byte)'R', (byte)'(').Text("w")
            .Global("torch._utils _rebuild_parameter").Tensor("torch FloatStorage", "0", 6, 0, [2, 3], [3, 1]).Raw(0x88).Raw((byte)'}', 0x87, (byte)'R')
            .Raw((byte)'u', (byte)'}').Text("_metadata").Raw((byte)'}', (byte)'s', (byte)'b', (byte)'.').ToArray();
        using PyTorchFile file = Open(pickle);
        Assert.Equal([0, 1, 2, 3, 4, 5], file.Tensor("w").ReadSingle());
        Assert.True(file.Contains("w"));
        Assert.Contains("no tensor 'v'", Assert.Throws<TensorFormatException>(() => file.Tensor("v")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Pickles_that_are_more_or_less_than_tensors_are_refused_by_name(string what, byte[] pickle, string wanted)
    {
        TensorFormatException error = Assert.Throws<TensorFormatException>(() => Open(pickle));
        Assert.Contains(wanted, error.Message, StringComparison.Ordinal);
        Assert.True(error.Message.StartsWith("evil: ", StringComparison.Ordinal) && !error.Message.Contains('\n', StringComparison.Ordinal), what);
        Assert.True(error.Message.Length < 500, error.Message);
    }

    [Fact]
    public void Deep_nesting_and_shared_values_cost_no_more_than_the_pickle()
    {
        // A million nested tuples, and a tuple of the same two tuples thirty times over: 2^30 values for a reader that expands.
        byte[] deep = [0x80, 2, (byte)')', .. Enumerable.Repeat((byte)0x85, 1_000_000), (byte)'.'];
        Assert.Contains("no dictionary", Assert.Throws<TensorFormatException>(() => Open(deep)).Message, StringComparison.Ordinal);
        byte[] shared = [0x80, 2, (byte)')', .. Enumerable.Repeat<byte[]>([(byte)'q', 0, (byte)'h', 0, 0x86], 30).SelectMany(static ops => ops), (byte)'.'];
        Assert.Contains("no dictionary", Assert.Throws<TensorFormatException>(() => Open(shared)).Message, StringComparison.Ordinal);
        byte[] endless = new byte[(8 << 20) + 1];
        Assert.Contains("at most 8388608", Assert.Throws<TensorFormatException>(() => Open(endless)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Archives_that_are_not_what_torch_writes_are_refused()
    {
        byte[] pickle = PickleForger.OneTensor([6], [1]);
        RefusedArchive([1, 2, 3], "no zip archive");
        RefusedArchive(PickleForger.Archive(CompressionLevel.Optimal, ("a/data.pkl", pickle), ("a/data/0", SixFloats)), "compressed by method 8");
        RefusedArchive(PickleForger.Archive(CompressionLevel.NoCompression, ("a/data/0", SixFloats)), "0 entries named data.pkl");
        RefusedArchive(PickleForger.Archive(CompressionLevel.NoCompression, ("a/data.pkl", pickle), ("b/data.pkl", pickle)), "2 entries named data.pkl");
        RefusedArchive(PickleForger.Archive(pickle, ("archive/data/0", SixFloats), ("archive/byteorder", "big"u8.ToArray())), "big-endian");
        byte[] good = PickleForger.Archive(pickle, ("archive/data/0", SixFloats), ("archive/byteorder", "little"u8.ToArray()));
        using PyTorchFile file = PyTorchFile.FromMemory(good);
        Assert.Equal(6, file.Tensor("w").ElementCount);
        for (int length = 0; length < good.Length; length++)
        {
            Assert.Throws<TensorFormatException>(() => PyTorchFile.FromMemory(good.AsMemory(0, length)));
        }

        file.Dispose();
        StoredTensor tensor = StoredTensor.FromValues<float>("x", [2], [1, 2]);
        Assert.Equal([1, 2], tensor.ReadSingle());
        Assert.Throws<ObjectDisposedException>(() => file.Tensor("w").ReadSingle());
    }

    [Fact]
    public void ZIP64_archives_are_read()
    {
        byte[] file = ToZip64(PickleForger.Archive(PickleForger.OneTensor([6], [1]), ("archive/data/0", SixFloats)));
        using PyTorchFile read = PyTorchFile.FromMemory(file);
        Assert.Equal([0, 1, 2, 3, 4, 5], read.Tensor("w").ReadSingle());
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(file.Length - 22 - 20 + 8), ulong.MaxValue);
        Assert.Contains("beyond the file", Assert.Throws<TensorFormatException>(() => PyTorchFile.FromMemory(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_files_give_the_one_exception_or_readable_tensors()
    {
        byte[] pickle = new PickleForger().Raw((byte)'}', (byte)'(').Text("w").Tensor("torch FloatStorage", "0", 6, 0, [2, 3], [3, 1])
            .Text("v").Tensor("torch HalfStorage", "1", 12, 1, [3, 2], [1, 3]).Raw((byte)'u', (byte)'.').ToArray();
        (string, byte[])[] data = [("archive/data/0", SixFloats), ("archive/data/1", SixFloats)];
        byte[] whole = PickleForger.Archive(pickle, data);
        ByteMutator mutator = new(FuzzCount.Seed(77));
        int count = FuzzCount.Or(4000);
        int refused = 0;
        for (int i = 0; i < count; i++)
        {
            // Half of the damage falls into the pickle, so that it is not all caught by the archive around it.
            byte[] damaged = i % 2 == 0 ? PickleForger.Archive(mutator.Mutate(pickle), data) : mutator.Mutate(whole);
            try
            {
                using PyTorchFile file = PyTorchFile.FromMemory(damaged);
                foreach (TensorDescription tensor in file.Tensors)
                {
                    Assert.Equal(tensor.ElementCount, file.Tensor(tensor.Name).ReadSingle().Length);
                }
            }
            catch (TensorFormatException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, count / 2, count - (count / 200));
    }

    private static PyTorchFile Open(byte[] pickle) =>
        PyTorchFile.FromMemory(PickleForger.Archive(pickle, ("archive/data/0", SixFloats)), "evil");

    private static void RefusedArchive(byte[] file, string wanted) =>
        Assert.Contains(wanted, Assert.Throws<TensorFormatException>(() => PyTorchFile.FromMemory(file)).Message, StringComparison.Ordinal);

    /// <summary>Moves the directory's numbers from the end record to a ZIP64 end record and its locator.</summary>
    private static byte[] ToZip64(byte[] zip)
    {
        Span<byte> end = zip.AsSpan(zip.Length - 22);
        byte[] record = new byte[56];
        BinaryPrimitives.WriteUInt32LittleEndian(record, 0x06064b50);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(4), 44);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(32), BinaryPrimitives.ReadUInt16LittleEndian(end[10..]));
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(40), BinaryPrimitives.ReadUInt32LittleEndian(end[12..]));
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(48), BinaryPrimitives.ReadUInt32LittleEndian(end[16..]));
        byte[] locator = new byte[20];
        BinaryPrimitives.WriteUInt32LittleEndian(locator, 0x07064b50);
        BinaryPrimitives.WriteUInt64LittleEndian(locator.AsSpan(8), (ulong)zip.Length - 22);
        end.Slice(8, 12).Fill(0xFF);
        return [.. zip.AsSpan(0, zip.Length - 22), .. record, .. locator, .. end];
    }
}
