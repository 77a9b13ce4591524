using System.Globalization;

namespace Tessera.Backends.Cpu.Costs;

/// <summary>Bytes of the caches that packed operands may stay in.</summary>
/// <param name="SecondLevel">Of one core.</param>
/// <param name="ThirdLevel">Shared by the cores.</param>
internal readonly record struct CacheSizes(long SecondLevel, long ThirdLevel)
{
    private const string LinuxCaches = "/sys/devices/system/cpu/cpu0/cache";

    /// <summary>What a desktop processor of this decade has; taken where the operating system says nothing.</summary>
    public static CacheSizes Typical => new(1L << 20, 16L << 20);

    /// <summary>The caches of this machine.</summary>
    public static CacheSizes OfThisMachine { get; } = Read();

    private static CacheSizes Read()
    {
        CacheSizes sizes = Typical;
        try
        {
            foreach (string index in Directory.Exists(LinuxCaches) ? Directory.GetDirectories(LinuxCaches, "index*") : [])
            {
                string size = File.ReadAllText(Path.Combine(index, "size")).Trim();
                long bytes = long.Parse(size.TrimEnd('K', 'M'), CultureInfo.InvariantCulture) << (size.EndsWith('M') ? 20 : 10);
                sizes = File.ReadAllText(Path.Combine(index, "level")).Trim() switch
                {
                    "2" => sizes with { SecondLevel = bytes },
                    "3" => sizes with { ThirdLevel = bytes },
                    _ => sizes,
                };
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            // An estimate survives without the exact sizes.
            return sizes;
        }

        return sizes;
    }
}
