using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Tessera.Serialization.Plans;

/// <summary>
/// The content hash of a plan file: SHA-256 over the header text, then each tensor in ordinal order of names as name, 0, type name, 0,
/// extents as
/// 64-bit little-endian numbers, data. It finds damage and accidental edits; it is no signature.
/// </summary>
internal sealed class PlanHash : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Adds the header.</summary>
    public PlanHash(string header) => _hash.AppendData(Encoding.UTF8.GetBytes(header));

    /// <summary>Adds what stands before a tensor's data.</summary>
    public void BeginTensor(string name, TensorDataType type, IReadOnlyList<long> shape)
    {
        _hash.AppendData(Encoding.UTF8.GetBytes($"{name}\0{type.SafetensorsName()}\0"));
        Span<byte> extent = stackalloc byte[8];
        foreach (long length in shape)
        {
            BinaryPrimitives.WriteInt64LittleEndian(extent, length);
            _hash.AppendData(extent);
        }
    }

    /// <summary>Adds data.</summary>
    public void Append(ReadOnlySpan<byte> data) => _hash.AppendData(data);

    /// <summary>The hash in lower-case hexadecimal.</summary>
    public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
