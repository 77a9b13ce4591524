using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.Pipeline;

/// <summary>
/// Tells checkpoints apart without reading gigabytes: SHA-256 over the length and 18 samples of each file, the first and the last 64 KB
/// (headers, configurations and small files whole) and 16 pages of 4 KB evenly in between. It finds another model, another layout or a
/// repackaged file; it is no proof that two files are equal to the last byte.
/// </summary>
public static class CheckpointFingerprint
{
    private const int EndLength = 1 << 16;
    private const int PageLength = 1 << 12;
    private const int Pages = 16;

    /// <summary>The fingerprint of a model's files in hexadecimal; the folder's place does not matter.</summary>
    /// <param name="model">The checkpoint.</param>
    /// <param name="others">Further files that take part, for example a small decoder.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static string Of(WanCheckpoint model, params IEnumerable<string?> others)
    {
        ArgumentNullException.ThrowIfNull(model);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string?[] parts =
        [
            model.TransformerPath, model.TransformerConfigPath, model.TextEncoderPath, model.TextEncoderConfigPath, model.VaePath,
            model.VaeConfigPath, model.TokenizerPath, .. others,
        ];
        foreach (string? part in parts)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(part is null ? "-" : "+"));
            foreach (string file in FilesOf(part))
            {
                Append(hash, file);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..32];
    }

    /// <summary>The files of a part: itself, and the shards that it is the index of.</summary>
    private static string[] FilesOf(string? path)
    {
        if (path is null || !path.EndsWith(SafetensorsShards.IndexSuffix, StringComparison.Ordinal))
        {
            return path is null ? [] : [path];
        }

        using ITensorSource source = Checkpoint.OpenSource(path);
        return [path, .. ((SafetensorsShards)source).Files.Order(StringComparer.Ordinal)];
    }

    private static void Append(IncrementalHash hash, string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
        byte[] buffer = new byte[EndLength];
        BinaryPrimitives.WriteInt64LittleEndian(buffer, file.Length);
        hash.AppendData(buffer, 0, sizeof(long));
        Append(hash, file, 0, buffer);
        for (int page = 1; page <= Pages && file.Length > 2 * EndLength; page++)
        {
            Append(hash, file, file.Length / (Pages + 1) * page, buffer.AsSpan(0, PageLength));
        }

        Append(hash, file, Math.Max(0, file.Length - EndLength), buffer);
    }

    private static void Append(IncrementalHash hash, FileStream file, long position, Span<byte> buffer)
    {
        file.Position = position;
        hash.AppendData(buffer[..file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)]);
    }
}
