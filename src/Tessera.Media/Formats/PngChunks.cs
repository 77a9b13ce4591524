using System.Buffers.Binary;

namespace Tessera.Media.Formats;

/// <summary>
/// Names and framing of PNG and APNG chunks: length, type, data, checksum (PNG specification, third edition, sections 5 and 11).
/// </summary>
internal static class PngChunks
{
    /// <summary>The eight bytes that open every PNG file.</summary>
    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Appends a chunk.</summary>
    public static void Write(Stream destination, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        byte[] body = new byte[4 + data.Length];
        type.CopyTo(body);
        data.CopyTo(body.AsSpan(4));
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        destination.Write(number);
        destination.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, PngChecksum.Of(body));
        destination.Write(number);
    }

    /// <summary>Appends the header of an 8-bit picture; 1 channel is gray, 3 are RGB.</summary>
    public static void WriteHeader(Stream destination, int height, int width, int channels)
    {
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        header[8] = 8;
        header[9] = (byte)(channels == 1 ? 0 : 2);
        header[10] = header[11] = header[12] = 0;
        Write(destination, "IHDR"u8, header);
    }
}
