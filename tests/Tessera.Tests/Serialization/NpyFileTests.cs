using System.Buffers.Binary;
using System.Text;
using Tessera.Serialization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Serialization;

public sealed class NpyFileTests
{
    public static TheoryData<string, string> Hostile => new()
    {
        { "", "lacks '{'" },
        { "{}", "alone" },
        { "{'descr': '<f4', 'fortran_order': False}", "alone" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", "unknown or doubled" },
        { "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "unknown or doubled" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} + os.system('x')", "alone" },
        { "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", "neither True nor False" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "not a number" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}", "lacks ')'" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,", "not a number" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "overflows" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,)}", "overflows" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "1," + "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}", "overflows" },
        { "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "element type other than" },
        { "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "structured" },
        { "{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", "element type other than" },
        { "{'descr': '|f4', 'fortran_order': False, 'shape': (1,)}", "byte order" },
        { "{'descr': '', 'fortran_order': False, 'shape': (1,)}", "empty element type" },
        { "{'descr': '<f4, 'fortran_order': False, 'shape': (1,)}", "character" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "needs 8 bytes, but 4 follow" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': ()}\0", "alone" },
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_C_ordered_array_reads_in_every_version(int version)
    {
        byte[] data = new byte[24];
        for (int i = 0; i < 6; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(data.AsSpan(i * 4), i + 0.5f);
        }

        NpyFile array = Read(Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", data, version));
        Assert.Equal([2L, 3L], array.Shape);
        Assert.Equal([0.5f, 1.5f, 2.5f, 3.5f, 4.5f, 5.5f], array.Values);
        Assert.Equal(TensorDataType.Float32, array.DataType);
    }

    [Fact]
    public void Fortran_order_is_turned_into_C_order()
    {
        // a[i, j, k] = 100 i + 10 j + k over (2, 3, 2), first index fastest in the file.
        byte[] data = new byte[12];
        float[] expected = new float[12];
        for (int i = 0, at = 0; at < 12; at++)
        {
            (i, int j, int k) = (at % 2, at / 2 % 3, at / 6);
            data[at] = (byte)((100 * i) + (10 * j) + k);
            expected[(((i * 3) + j) * 2) + k] = data[at];
        }

        Assert.Equal(expected, Read(Npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2)}", data)).Values);
    }

    [Theory]
    [InlineData(">f8", new byte[] { 0xBF, 0xF8, 0, 0, 0, 0, 0, 0 }, -1.5f)]
    [InlineData("<f8", new byte[] { 0, 0, 0, 0, 0, 0, 0xF8, 0xBF }, -1.5f)]
    [InlineData("<f2", new byte[] { 0x00, 0x3E }, 1.5f)]
    [InlineData(">f2", new byte[] { 0x3E, 0x00 }, 1.5f)]
    [InlineData(">f4", new byte[] { 0x3F, 0xC0, 0, 0 }, 1.5f)]
    [InlineData("<i8", new byte[] { 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF }, -2f)]
    [InlineData(">i4", new byte[] { 0, 0, 1, 0 }, 256f)]
    [InlineData("<i2", new byte[] { 0, 0x80 }, -32768f)]
    [InlineData("|i1", new byte[] { 0x80 }, -128f)]
    [InlineData("<u8", new byte[] { 1, 0, 0, 0, 0, 0, 0, 0 }, 1f)]
    [InlineData("<u4", new byte[] { 0, 0, 0, 0x80 }, 2147483648f)]
    [InlineData(">u2", new byte[] { 0x80, 0 }, 32768f)]
    [InlineData("|u1", new byte[] { 0xFF }, 255f)]
    [InlineData("|b1", new byte[] { 1 }, 1f)]
    public void Every_type_and_byte_order_reads(string descr, byte[] data, float expected)
    {
        NpyFile array = Read(Npy($"{{\"descr\": \"{descr}\", 'shape':(),'fortran_order':False}}", data));
        Assert.Equal(expected, Assert.Single(array.Values));
        Assert.Empty(array.Shape);
    }

    [Fact]
    public void Empty_arrays_read()
    {
        NpyFile array = Read(Npy("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 0)}", []));
        Assert.Empty(array.Values);
        Assert.Equal([3L, 0L], array.Shape);
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Hostile_headers_are_refused_with_one_sentence(string header, string wanted)
    {
        TensorFormatException error = Assert.Throws<TensorFormatException>(() => Read(Npy(header, new byte[4])));
        Assert.Contains(wanted, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_magic_version_and_length_are_refused()
    {
        byte[] valid = Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", new byte[4]);
        foreach ((int at, byte value) in new[] { (0, (byte)0x92), (1, (byte)'n'), (6, (byte)4), (6, (byte)0), (7, (byte)1), (9, (byte)0xFF) })
        {
            byte[] damaged = (byte[])valid.Clone();
            damaged[at] = value;
            Assert.Throws<TensorFormatException>(() => Read(damaged));
        }

        for (int length = 0; length < valid.Length; length++)
        {
            Assert.Throws<TensorFormatException>(() => Read(valid[..length]));
        }

        Assert.Throws<TensorFormatException>(() => Read([.. valid, 0]));
    }

    [Fact]
    public void Twenty_thousand_damaged_arrays_give_the_one_exception_or_an_array()
    {
        byte[] valid = Npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", new byte[24]);
        ByteMutator mutator = new(7);
        int refused = 0;
        for (int i = 0; i < 20_000; i++)
        {
            try
            {
                NpyFile array = Read(mutator.Mutate(valid));
                Assert.Equal(array.Shape.Aggregate(1L, (product, extent) => product * extent), array.Values.Length);
            }
            catch (TensorFormatException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 10_000, 19_900);
    }

    private static NpyFile Read(byte[] file)
    {
        using MemoryStream stream = new(file);
        return NpyFile.Read(stream, "array");
    }

    private static byte[] Npy(string header, byte[] data, int version = 1)
    {
        byte[] text = Encoding.Latin1.GetBytes(header);
        int lengthBytes = version == 1 ? 2 : 4;
        byte[] file = new byte[8 + lengthBytes + text.Length + data.Length];
        new byte[] { 0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', (byte)version, 0 }.CopyTo(file, 0);
        file[8] = (byte)text.Length;
        file[9] = (byte)(text.Length >> 8);
        text.CopyTo(file, 8 + lengthBytes);
        data.CopyTo(file, 8 + lengthBytes + text.Length);
        return file;
    }
}
