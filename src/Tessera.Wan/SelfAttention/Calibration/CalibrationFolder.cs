using System.Globalization;
using System.Text;
using Tessera.Serialization;

namespace Tessera.Wan.SelfAttention.Calibration;

/// <summary>
/// Where a calibration keeps what it has seen: one file per layer and group, each replaced as a whole, so that an interruption loses at
/// most the step at work. Statistics of one layer at a time are in memory.
/// </summary>
internal sealed class CalibrationFolder
{
    private const string FingerprintName = "calibration.txt";

    private CalibrationFolder(string path) => FullPath = path;

    public string FullPath { get; }

    /// <summary>File of the latent and the sampler.</summary>
    public string TrajectoryPath => Path.Combine(FullPath, "trajectory.safetensors");

    /// <summary>Opens or makes the folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="fingerprint">Everything that the statistics depend on.</param>
    /// <exception cref="InvalidDataException">The folder holds another calibration.</exception>
    public static CalibrationFolder Open(string path, string fingerprint)
    {
        string full = Path.GetFullPath(path);
        Directory.CreateDirectory(full);
        string marker = Path.Combine(full, FingerprintName);
        if (File.Exists(marker))
        {
            if (File.ReadAllText(marker) != fingerprint)
            {
                throw new InvalidDataException(
                    $"{full} holds an interrupted calibration with other settings, prompts or weights, or of another version or vector "
                        + "width; repeat those, give another output, or remove the folder.");
            }
        }
        else
        {
            AtomicFile.Write(marker, stream => stream.Write(Encoding.UTF8.GetBytes(fingerprint)));
        }

        return new CalibrationFolder(full);
    }

    /// <summary>File of a layer and group.</summary>
    public string GroupPath(int layer, int group) => Path.Combine(
        FullPath, string.Create(CultureInfo.InvariantCulture, $"layer-{layer:000}-group-{group:000}.safetensors"));

    /// <summary>Reads one file of the state; null when there is none.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static T? Read<T>(string path, Func<SafetensorsFile, T> read)
        where T : class
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            return read(file);
        }
        catch (Exception fault) when (
            fault is KeyNotFoundException or FormatException or OverflowException or ArgumentException or TensorFormatException)
        {
            throw Damaged(path, fault);
        }
    }

    /// <summary>The order of each head of a layer, by candidate; null until they are chosen.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public int[]? ReadOrders(int layer)
    {
        string path = OrdersPath(layer);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return [.. File.ReadAllText(path).Split(' ').Select(static text => int.Parse(text, CultureInfo.InvariantCulture))];
        }
        catch (Exception fault) when (fault is FormatException or OverflowException)
        {
            throw Damaged(path, fault);
        }
    }

    /// <summary>Keeps the order of each head of a layer.</summary>
    public void WriteOrders(int layer, IReadOnlyList<int> candidates)
    {
        string text = string.Join(' ', candidates);
        AtomicFile.Write(OrdersPath(layer), stream => stream.Write(Encoding.ASCII.GetBytes(text)));
    }

    /// <summary>Removes everything.</summary>
    public void Remove() => Directory.Delete(FullPath, recursive: true);

    private string OrdersPath(int layer) => Path.Combine(
        FullPath, string.Create(CultureInfo.InvariantCulture, $"layer-{layer:000}-orders.txt"));

    private static InvalidDataException Damaged(string path, Exception fault) =>
        new($"{path} is damaged ({fault.Message}); remove its folder and calibrate anew.", fault);
}
