using System.Globalization;
using Tessera.Serialization;
using Tessera.Wan.Sampling;

namespace Tessera.Wan.SelfAttention.Calibration;

/// <summary>Where the dense run of a calibration stands: prompt, latent and sampler, stored after every step.</summary>
internal static class CalibrationTrajectory
{
    private const string LatentTensor = "latent";
    private const string HistoryPrefix = "history.";

    public static void Save(string path, int prompt, ReadOnlyMemory<float> latent, SamplerState state)
    {
        SafetensorsWriter writer = new();
        writer.Add(LatentTensor, [latent.Length], latent);
        foreach ((string name, float[] values) in state.History)
        {
            writer.Add<float>($"{HistoryPrefix}{name}", [values.Length], values);
        }

        writer.Metadata["prompt"] = prompt.ToString(CultureInfo.InvariantCulture);
        writer.Metadata["step"] = state.Step.ToString(CultureInfo.InvariantCulture);
        writer.Save(path);
    }

    /// <summary>What was stored last; null when nothing was.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public static Position? Load(string path) => CalibrationFolder.Read(path, static file =>
    {
        Dictionary<string, float[]> history = file.Tensors
            .Where(static tensor => tensor.Name.StartsWith(HistoryPrefix, StringComparison.Ordinal))
            .ToDictionary(
                static tensor => tensor.Name[HistoryPrefix.Length..], tensor => file.ReadSingle(tensor.Name), StringComparer.Ordinal);
        return new Position(
            int.Parse(file.Metadata["prompt"], CultureInfo.InvariantCulture), file.ReadSingle(LatentTensor),
            new SamplerState(int.Parse(file.Metadata["step"], CultureInfo.InvariantCulture), history));
    });

    /// <summary>Where a run stands.</summary>
    /// <param name="Prompt">Prompt at work, from 0.</param>
    /// <param name="Latent">Its latent.</param>
    /// <param name="State">The sampler.</param>
    internal sealed record Position(int Prompt, float[] Latent, SamplerState State);
}
