using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Tessera.Serialization;

namespace Tessera.Cuda.Compilation;

/// <summary>
/// Compiled kernels in a folder, by the hash of everything that made them: source with headers, options, version of the compiler. Files
/// appear whole (temporary name, then rename), several processes may share a folder, and a file that is not what was written is reported,
/// compiled anew and replaced. A folder that cannot be written costs time, never an error.
/// </summary>
/// <remarks>Layout of a file: 8 bytes of magic, 8 bytes little-endian length, 32 bytes SHA-256 of the code, the code.</remarks>
internal sealed class KernelCache
{
    /// <summary>Ending of its files.</summary>
    public const string Extension = ".cubin";

    private const int HeaderBytes = 48;

    private static readonly byte[] Magic = "TSRCUBN1"u8.ToArray();

    private readonly List<CacheDamage> _damage = [];

    /// <summary>A cache in a folder, made when the first file is written.</summary>
    public KernelCache(string folder) => Folder = folder;

    /// <summary>Where it lies.</summary>
    public string Folder { get; }

    /// <summary>Files that were found damaged, in the order found.</summary>
    public IReadOnlyList<CacheDamage> Damage
    {
        get
        {
            lock (_damage)
            {
                return [.. _damage];
            }
        }
    }

    /// <summary>Why the last write failed; null when none did.</summary>
    public string? WriteFault { get; private set; }

    /// <summary>Name of the code of a source.</summary>
    public static string KeyOf(KernelSource source, IReadOnlyList<string> options, int compilerVersion)
    {
        StringBuilder text = new();
        text.Append(compilerVersion).Append('\n').AppendJoin('\n', options).Append('\n');
        foreach (KernelHeader file in source.Headers.Append(new KernelHeader(source.Name, source.Text)))
        {
            // Lengths keep neighbouring texts apart.
            text.Append(file.Name.Length).Append(' ').Append(file.Text.Length).Append(' ').Append(file.Name).Append(file.Text);
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>The code of a key, or null when there is none that can be trusted.</summary>
    public byte[]? Read(string key)
    {
        string path = PathOf(key);
        byte[] content;
        try
        {
            content = File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Report(path, exception.Message);
            return null;
        }

        if (FaultOf(content) is { } fault)
        {
            Report(path, fault);
            return null;
        }

        return content[HeaderBytes..];
    }

    /// <summary>Keeps the code of a key.</summary>
    public void Write(string key, ReadOnlySpan<byte> code)
    {
        byte[] content = new byte[HeaderBytes + code.Length];
        Magic.CopyTo(content, 0);
        BinaryPrimitives.WriteInt64LittleEndian(content.AsSpan(8), code.Length);
        SHA256.HashData(code, content.AsSpan(16, 32));
        code.CopyTo(content.AsSpan(HeaderBytes));
        try
        {
            Directory.CreateDirectory(Folder);
            AtomicFile.Write(PathOf(key), stream => stream.Write(content));
            WriteFault = null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            WriteFault = $"{Folder} cannot be written: {exception.Message}";
        }
    }

    /// <summary>Looks at every file: how many, their bytes, and which are damaged.</summary>
    public (int Files, long Bytes, IReadOnlyList<CacheDamage> Damaged) Examine()
    {
        if (!Directory.Exists(Folder))
        {
            return (0, 0, []);
        }

        int files = 0;
        long bytes = 0;
        List<CacheDamage> damaged = [];
        foreach (string path in Directory.EnumerateFiles(Folder, $"*{Extension}").Order(StringComparer.Ordinal))
        {
            try
            {
                byte[] content = File.ReadAllBytes(path);
                files++;
                bytes += content.Length;
                if (FaultOf(content) is { } fault)
                {
                    damaged.Add(new CacheDamage(path, fault));
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                damaged.Add(new CacheDamage(path, exception.Message));
            }
        }

        return (files, bytes, damaged);
    }

    private static string? FaultOf(ReadOnlySpan<byte> content)
    {
        if (content.Length < HeaderBytes || !content.StartsWith(Magic))
        {
            return $"{content.Length} bytes without the heading of a cached kernel";
        }

        long length = BinaryPrimitives.ReadInt64LittleEndian(content[8..]);
        if (length != content.Length - HeaderBytes)
        {
            return $"{content.Length - HeaderBytes} bytes of code where {length} were written";
        }

        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(content[HeaderBytes..], hash);
        return hash.SequenceEqual(content.Slice(16, 32)) ? null : "the code does not have the hash it was written with";
    }

    private string PathOf(string key) => Path.Combine(Folder, key + Extension);

    private void Report(string path, string reason)
    {
        lock (_damage)
        {
            _damage.Add(new CacheDamage(path, reason));
        }
    }
}
