using System.Security.Cryptography;
using System.Text;
using Tessera.Serialization;

namespace Tessera.Backends.Cpu.Costs;

/// <summary>
/// The constants of one machine in the user's cache folder. A cache never fails its user: a file that is damaged, foreign or unreadable is
/// as good as none, and one that cannot be written is not written.
/// </summary>
/// <param name="folder">Folder; made when it is missing.</param>
/// <param name="machine">Key of the constants.</param>
internal sealed class CpuCostFile(string folder, string machine)
{
    /// <summary>XDG_CACHE_HOME/tessera, else .cache/tessera at home, or the local application data folder on Windows.</summary>
    public static string DefaultFolder
    {
        get
        {
            if (OperatingSystem.IsWindows())
            {
                string data = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
                return System.IO.Path.Combine(data, "tessera", "cache");
            }

            string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            return string.IsNullOrEmpty(cache)
                ? System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "tessera")
                : System.IO.Path.Combine(cache, "tessera");
        }
    }

    /// <summary>One file for each processor, instruction set and thread count; a new build replaces it.</summary>
    public string Path { get; } = System.IO.Path.Combine(folder, $"cpu-costs-{Hash(machine)}.json");

    /// <summary>Reads the constants, or null.</summary>
    public CpuCostConstants? Read()
    {
        try
        {
            CpuCostConstants constants = CpuCostConstants.FromJson(File.ReadAllText(Path));
            return constants.Machine == machine ? constants : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Writes the constants under a temporary name and renames.</summary>
    public void Write(CpuCostConstants constants)
    {
        try
        {
            Directory.CreateDirectory(folder);
            AtomicFile.Write(Path, stream => stream.Write(Encoding.UTF8.GetBytes(constants.ToJson())));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Without a cache the next process measures again.
            return;
        }
    }

    private static string Hash(string machine)
    {
        int build = machine.IndexOf(MachineKey.Build, StringComparison.Ordinal);
        string lasting = build < 0 ? machine : machine[..build];
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(lasting)))[..12];
    }
}
