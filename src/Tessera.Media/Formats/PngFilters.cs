using System.IO.Compression;

namespace Tessera.Media.Formats;

/// <summary>
/// The five row filters of PNG (section 9 of the specification) around zlib. The encoder takes for each row the filter whose signed bytes
/// have the smallest sum of magnitudes.
/// </summary>
internal static class PngFilters
{
    private const int Kinds = 5;

    /// <summary>Filters and compresses pixels.</summary>
    public static byte[] Compress(ReadOnlySpan<byte> pixels, int height, int rowBytes, int pixelBytes, CompressionLevel level)
    {
        using MemoryStream compressed = new();
        using (ZLibStream zlib = new(compressed, level, leaveOpen: true))
        {
            byte[] zero = new byte[rowBytes];
            byte[] best = new byte[rowBytes + 1];
            byte[] attempt = new byte[rowBytes + 1];
            for (int y = 0; y < height; y++)
            {
                ReadOnlySpan<byte> row = pixels.Slice(y * rowBytes, rowBytes);
                ReadOnlySpan<byte> above = y == 0 ? zero : pixels.Slice((y - 1) * rowBytes, rowBytes);
                long least = long.MaxValue;
                for (byte kind = 0; kind < Kinds; kind++)
                {
                    long cost = Apply(kind, row, above, pixelBytes, attempt);
                    if (cost < least)
                    {
                        least = cost;
                        (best, attempt) = (attempt, best);
                    }
                }

                zlib.Write(best);
            }
        }

        return compressed.ToArray();
    }

    /// <summary>Decompresses and undoes the filters.</summary>
    /// <exception cref="MediaFormatException">The data is damaged, too short or too long.</exception>
    public static byte[] Decompress(Stream compressed, int height, int rowBytes, int pixelBytes, string name)
    {
        byte[] pixels = new byte[(long)height * rowBytes];
        byte[] row = new byte[rowBytes + 1];
        byte[] zero = new byte[rowBytes];
        try
        {
            using ZLibStream zlib = new(compressed, CompressionMode.Decompress);
            for (int y = 0; y < height; y++)
            {
                if (zlib.ReadAtLeast(row, row.Length, throwOnEndOfStream: false) is int got && got != row.Length)
                {
                    throw new MediaFormatException(
                        $"{name}: the pixels end in row {y} of {height} ({got} of {row.Length} bytes); the file is truncated.");
                }

                Undo(
                    row[0], row.AsSpan(1), y == 0 ? zero : pixels.AsSpan((y - 1) * rowBytes, rowBytes),
                    pixels.AsSpan(y * rowBytes, rowBytes), pixelBytes, name);
            }

            if (zlib.ReadByte() >= 0)
            {
                throw new MediaFormatException($"{name}: more pixels than the {height} rows that the header declares.");
            }
        }
        catch (InvalidDataException damaged)
        {
            throw new MediaFormatException($"{name}: the compressed pixels are damaged ({damaged.Message}).", damaged);
        }

        return pixels;
    }

    private static long Apply(byte kind, ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int pixelBytes, Span<byte> filtered)
    {
        long cost = 0;
        filtered[0] = kind;
        for (int i = 0; i < row.Length; i++)
        {
            int left = i < pixelBytes ? 0 : row[i - pixelBytes];
            int corner = i < pixelBytes ? 0 : above[i - pixelBytes];
            byte value = (byte)(row[i] - Predict(kind, left, above[i], corner));
            filtered[i + 1] = value;
            cost += Math.Abs((int)(sbyte)value);
        }

        return cost;
    }

    private static void Undo(byte kind, ReadOnlySpan<byte> filtered, ReadOnlySpan<byte> above, Span<byte> row, int pixelBytes, string name)
    {
        if (kind >= Kinds)
        {
            throw new MediaFormatException($"{name}: a row has filter {kind}; PNG defines 0 to {Kinds - 1}.");
        }

        for (int i = 0; i < row.Length; i++)
        {
            int left = i < pixelBytes ? 0 : row[i - pixelBytes];
            int corner = i < pixelBytes ? 0 : above[i - pixelBytes];
            row[i] = (byte)(filtered[i] + Predict(kind, left, above[i], corner));
        }
    }

    private static int Predict(byte kind, int left, int above, int corner) => kind switch
    {
        0 => 0,
        1 => left,
        2 => above,
        3 => (left + above) / 2,
        _ => Paeth(left, above, corner),
    };

    private static int Paeth(int left, int above, int corner)
    {
        int estimate = left + above - corner;
        int toLeft = Math.Abs(estimate - left);
        int toAbove = Math.Abs(estimate - above);
        int toCorner = Math.Abs(estimate - corner);
        return toLeft <= toAbove && toLeft <= toCorner ? left : toAbove <= toCorner ? above : corner;
    }
}
