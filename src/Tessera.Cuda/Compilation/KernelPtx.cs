using System.Globalization;
using System.IO.Compression;
using System.Reflection;

namespace Tessera.Cuda.Compilation;

/// <summary>PTX made when the package was built: what the driver compiles itself where no NVRTC is present.</summary>
internal static class KernelPtx
{
    /// <summary>
    /// Architecture whose PTX suits a device: the highest that is not above it; for code that is specific to an architecture, that one.
    /// </summary>
    /// <param name="module">The module.</param>
    /// <param name="architecture">The device's compute capability times ten.</param>
    /// <param name="available">Architectures there is PTX for, from <see cref="Architectures"/>.</param>
    public static string? Choose(KernelModule module, int architecture, IEnumerable<string> available)
    {
        if (module.IsArchitectureSpecific)
        {
            string own = string.Create(CultureInfo.InvariantCulture, $"sm_{architecture}a");
            return available.Contains(own) ? own : null;
        }

        return available
            .Select(static name => (Name: name, Known: int.TryParse(name.AsSpan(3), CultureInfo.InvariantCulture, out int value), value))
            .Where(entry => entry.Known && entry.value <= architecture)
            .OrderByDescending(static entry => entry.value)
            .Select(static entry => entry.Name)
            .FirstOrDefault();
    }

    /// <summary>Architectures that the resources of this assembly have PTX of a module for.</summary>
    public static IReadOnlyList<string> Architectures(KernelModule module)
    {
        string prefix = module.Name + ".sm_";
        return
        [
            .. Assembly.GetExecutingAssembly().GetManifestResourceNames()
                .Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && name.Contains(".ptx", StringComparison.Ordinal))
                .Select(name => name[(module.Name.Length + 1)..name.IndexOf(".ptx", StringComparison.Ordinal)])
                .Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>Reads PTX and ends it with a zero byte, as the driver wants it.</summary>
    public static byte[] Read(KernelModule module, string architecture)
    {
        string name = $"{module.Name}.{architecture}.ptx";
        using Stream? packed = KernelSource.OpenResource(name + ".gz");
        using Stream source = packed is not null
            ? new GZipStream(packed, CompressionMode.Decompress)
            : KernelSource.OpenResource(name) ?? throw new InvalidOperationException($"Resource {name} is missing.");
        using MemoryStream text = new();
        source.CopyTo(text);
        text.WriteByte(0);
        return text.ToArray();
    }
}
