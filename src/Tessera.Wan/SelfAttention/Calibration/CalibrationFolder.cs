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
                    $"{full} holds an interrupted calibration with other settings, prompts or weights; repeat those, give another output, "
                        + "or remove the folder.");
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

    /// <summary>File of the orders of a layer.</summary>
    public string OrdersPath(int layer) => Path.Combine(
        FullPath, string.Create(CultureInfo.InvariantCulture, $"layer-{layer:000}-orders.txt"));

    /// <summary>Removes everything.</summary>
    public void Remove() => Directory.Delete(FullPath, recursive: true);
}
