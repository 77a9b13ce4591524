using System.IO.Compression;

namespace Tessera.Media.Formats;

/// <summary>Writes 8-bit gray and RGB PNG files.</summary>
public static class PngEncoder
{
    /// <summary>The file of a picture.</summary>
    public static byte[] Encode(RasterImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        using MemoryStream file = new();
        file.Write(PngChunks.Signature);
        PngChunks.WriteHeader(file, image.Height, image.Width, image.Channels);
        PngChunks.Write(
            file, "IDAT"u8,
            PngFilters.Compress(image.Pixels, image.Height, image.Width * image.Channels, image.Channels, CompressionLevel.Optimal));
        PngChunks.Write(file, "IEND"u8, []);
        return file.ToArray();
    }

    /// <summary>Writes the file of a picture; it appears under its name when it is whole.</summary>
    public static Task WriteAsync(RasterImage image, string path, CancellationToken cancellationToken = default) =>
        FinishedFile.WriteAsync(path, Encode(image), cancellationToken);
}
