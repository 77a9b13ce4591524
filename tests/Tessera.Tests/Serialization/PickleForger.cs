using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Tessera.Tests.Serialization;

/// <summary>Writes pickles opcode by opcode, and PyTorch archives around them.</summary>
internal sealed class PickleForger
{
    private readonly List<byte> _bytes = [];

    public PickleForger() => Raw(0x80, 2);

    public static byte[] Archive(byte[] pickle, params (string Name, byte[] Data)[] entries) =>
        Archive(CompressionLevel.NoCompression, [("archive/data.pkl", pickle), .. entries]);

    public static byte[] Archive(CompressionLevel level, params (string Name, byte[] Data)[] entries)
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] data) in entries)
            {
                using Stream entry = zip.CreateEntry(name, level).Open();
                entry.Write(data);
            }
        }

        return stream.ToArray();
    }

    /// <summary>A dictionary of one tensor called w.</summary>
    public static byte[] OneTensor(long[] shape, long[] stride, long offset = 0, long count = 6, string storage = "torch FloatStorage", string key = "0") =>
        new PickleForger().Raw((byte)'}', (byte)'(').Text("w").Tensor(storage, key, count, offset, shape, stride).Raw((byte)'u', (byte)'.').ToArray();

    public PickleForger Raw(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public PickleForger Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Raw((byte)'X').Number32(bytes.Length);
        return Raw(bytes);
    }

    public PickleForger Global(string moduleAndName) => Raw([(byte)'c', .. Encoding.ASCII.GetBytes(moduleAndName.Replace(' ', '\n')), (byte)'\n']);

    public PickleForger Integer(long value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Raw([0x8A, 8, .. bytes]);
    }

    public PickleForger Numbers(params long[] values)
    {
        Raw((byte)'(');
        foreach (long value in values)
        {
            Integer(value);
        }

        return Raw((byte)'t');
    }

    public PickleForger Tensor(string storage, string key, long count, long offset, long[] shape, long[] stride) =>
        Global("torch._utils _rebuild_tensor_v2").Raw((byte)'(', (byte)'(').Text("storage").Global(storage).Text(key).Text("cpu").Integer(count)
            .Raw((byte)'t', (byte)'Q').Integer(offset).Numbers(shape).Numbers(stride).Raw(0x89).Global("collections OrderedDict").Raw((byte)')', (byte)'R')
            .Raw((byte)'t', (byte)'R');

    public byte[] ToArray() => [.. _bytes];

    private void Number32(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        Raw(bytes);
    }
}
