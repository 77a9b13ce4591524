using System.Buffers.Binary;
using System.Text;

namespace Tessera.Serialization.PyTorch;

/// <summary>
/// Where each entry of a zip archive lies in its file, so that stored entries are read in place. ZIP64 is read; compressed and encrypted
/// entries are kept with their method and refused when asked for. Every offset and length is checked against the file.
/// </summary>
/// <remarks>Format: PKWARE APPNOTE.TXT, sections 4.3.7, 4.3.12 to 4.3.16 and 4.5.3.</remarks>
internal sealed class ZipDirectory
{
    /// <summary>Bytes of a signature.</summary>
    public const int SignatureLength = 4;

    private const uint EndSignature = 0x06054b50;
    private const uint End64Signature = 0x06064b50;
    private const uint Locator64Signature = 0x07064b50;
    private const uint CentralSignature = 0x02014b50;
    private const uint LocalSignature = 0x04034b50;
    private const int EndLength = 22;
    private const int End64Length = 56;
    private const int Locator64Length = 20;
    private const int CentralLength = 46;
    private const int LocalLength = 30;
    private const int MaximumComment = ushort.MaxValue;
    private const ushort Zip64Extra = 0x0001;

    private readonly FileRegion _file;
    private readonly Dictionary<string, ZipEntry> _entries = new(StringComparer.Ordinal);

    private ZipDirectory(FileRegion file)
    {
        _file = file;
        (long offset, long length, long count) = FindCentralDirectory();
        for (long i = 0; i < count; i++)
        {
            long used = ReadEntry(offset, length);
            offset += used;
            length -= used;
        }
    }

    /// <summary>Names of all entries.</summary>
    public IEnumerable<string> Names => _entries.Keys;

    /// <summary>Reads the directory of an archive.</summary>
    /// <exception cref="TensorFormatException">The file is no zip archive, or a damaged one.</exception>
    public static ZipDirectory Read(FileRegion file) => new(file);

    /// <summary>Whether bytes start as zip archives do.</summary>
    public static bool StartsLikeZip(ReadOnlySpan<byte> start) => start.Length >= SignatureLength && U32(start, 0) == LocalSignature;

    /// <summary>Where the bytes of a stored entry lie in the file, or null when there is no such entry.</summary>
    /// <exception cref="TensorFormatException">The entry is compressed, encrypted or damaged.</exception>
    public (long Offset, long Length)? Find(string name)
    {
        if (!_entries.TryGetValue(name, out ZipEntry entry))
        {
            return null;
        }

        if (entry.IsEncrypted || entry.Method != 0 || entry.CompressedLength != entry.Length)
        {
            throw Fault($"entry '{name}' is {(entry.IsEncrypted ? "encrypted" : $"compressed by method {entry.Method}")}; "
                + "PyTorch stores entries as they are, so save the file with torch.save again");
        }

        ReadOnlySpan<byte> local = Slice(entry.LocalOffset, LocalLength, "a local header");
        if (BinaryPrimitives.ReadUInt32LittleEndian(local) != LocalSignature)
        {
            throw Fault($"entry '{name}' has no local header at byte {entry.LocalOffset}");
        }

        long start = entry.LocalOffset + LocalLength + U16(local, 26) + U16(local, 28);
        return start <= _file.Length - entry.Length
            ? (start, entry.Length)
            : throw Fault($"entry '{name}' has {entry.Length} bytes from {start}, beyond the {_file.Length} of the file; it was cut short");
    }

    private static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private (long Offset, long Length, long Count) FindCentralDirectory()
    {
        int tail = (int)Math.Min(_file.Length, EndLength + MaximumComment);
        ReadOnlySpan<byte> bytes = _file.Slice(_file.Length - tail, tail);
        for (int at = tail - EndLength; at >= 0; at--)
        {
            if (U32(bytes, at) == EndSignature && at + EndLength + U16(bytes, at + 20) <= tail)
            {
                return ReadEnd(_file.Length - tail + at, bytes.Slice(at, EndLength));
            }
        }

        throw Fault("there is no zip directory at the end; the file is no PyTorch zip file, or it was cut short");
    }

    private (long Offset, long Length, long Count) ReadEnd(long at, ReadOnlySpan<byte> end)
    {
        ulong count = U16(end, 10);
        ulong length = U32(end, 12);
        ulong offset = U32(end, 16);
        if (at >= Locator64Length && U32(_file.Slice(at - Locator64Length, Locator64Length), 0) == Locator64Signature)
        {
            ulong at64 = BinaryPrimitives.ReadUInt64LittleEndian(_file.Slice(at - Locator64Length + 8, 8));
            ReadOnlySpan<byte> end64 = Slice(at64 <= long.MaxValue ? (long)at64 : long.MaxValue, End64Length, "the ZIP64 directory end");
            if (U32(end64, 0) != End64Signature)
            {
                throw Fault($"there is no ZIP64 directory end at byte {at64}");
            }

            count = BinaryPrimitives.ReadUInt64LittleEndian(end64[32..]);
            length = BinaryPrimitives.ReadUInt64LittleEndian(end64[40..]);
            offset = BinaryPrimitives.ReadUInt64LittleEndian(end64[48..]);
        }

        ulong available = (ulong)at;
        return offset <= available && length <= available - offset && count <= length / CentralLength
            ? ((long)offset, (long)length, (long)count)
            : throw Fault($"the zip directory has {count} entries in {length} bytes from {offset}, which exceed the file");
    }

    private long ReadEntry(long offset, long length)
    {
        ReadOnlySpan<byte> central = length >= CentralLength ? _file.Slice(offset, CentralLength) : [];
        if (central.Length == 0 || U32(central, 0) != CentralSignature)
        {
            throw Fault($"there is no zip directory entry at byte {offset}");
        }

        int nameLength = U16(central, 28);
        int extraLength = U16(central, 30);
        long total = CentralLength + nameLength + extraLength + U16(central, 32);
        if (nameLength == 0 || total > length)
        {
            throw Fault($"the zip directory entry at byte {offset} exceeds the directory or has no name");
        }

        string name = Encoding.UTF8.GetString(_file.Slice(offset + CentralLength, nameLength));
        ulong compressed = U32(central, 20);
        ulong size = U32(central, 24);
        ulong local = U32(central, 42);
        ReadZip64(_file.Slice(offset + CentralLength + nameLength, extraLength), ref size, ref compressed, ref local);
        if (size > (ulong)_file.Length || compressed > (ulong)_file.Length || local > (ulong)_file.Length)
        {
            throw Fault($"entry '{FaultList.Shorten(name)}' claims {size} bytes at {local}; the file has {_file.Length}");
        }

        ZipEntry entry = new((U16(central, 8) & 1) != 0, U16(central, 10), (long)compressed, (long)size, (long)local);
        if (!_entries.TryAdd(name, entry))
        {
            throw Fault($"entry '{FaultList.Shorten(name)}' occurs twice");
        }

        return total;
    }

    /// <summary>The ZIP64 extra field holds, in this order, those of the three numbers that are all ones in the entry itself.</summary>
    private static void ReadZip64(ReadOnlySpan<byte> extra, ref ulong size, ref ulong compressed, ref ulong local)
    {
        while (extra.Length >= 4)
        {
            int length = Math.Min(U16(extra, 2), extra.Length - 4);
            ReadOnlySpan<byte> field = extra.Slice(4, length);
            if (U16(extra, 0) == Zip64Extra)
            {
                Widen(ref size, ref field);
                Widen(ref compressed, ref field);
                Widen(ref local, ref field);
                return;
            }

            extra = extra[(4 + length)..];
        }
    }

    private static void Widen(ref ulong number, ref ReadOnlySpan<byte> field)
    {
        if (number == uint.MaxValue && field.Length >= 8)
        {
            number = BinaryPrimitives.ReadUInt64LittleEndian(field);
            field = field[8..];
        }
    }

    private ReadOnlySpan<byte> Slice(long offset, int length, string what) =>
        offset <= _file.Length - length ? _file.Slice(offset, length) : throw Fault($"{what} at byte {offset} lies beyond the file");

    private TensorFormatException Fault(string fault) => new($"{_file.Source}: {fault}.");

    private readonly record struct ZipEntry(bool IsEncrypted, ushort Method, long CompressedLength, long Length, long LocalOffset);
}
