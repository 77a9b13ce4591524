using System.Globalization;
using Tessera.Cli.Inputs;
using Tessera.Cli.Running;
using Tessera.Layout;
using Tessera.Serialization;

namespace Tessera.Cli.Output;

/// <summary>Attention outputs as safetensors files.</summary>
internal static class TensorFiles
{
    public const string OutputName = "output";

    /// <summary>
    /// Writes tensor <c>output</c>, float32 in natural token order with the shape of the input's tensors, and how it was made.
    /// </summary>
    public static void WriteOutput(OutputFile file, HeadTensors tensors, AttentionMeasurement measured, TokenGrid grid)
    {
        SafetensorsWriter writer = new();
        writer.Add<float>(OutputName, [.. tensors.FileShape.Select(static extent => (long)extent)], measured.Output);
        writer.Metadata["tessera"] = Doctor.Version;
        writer.Metadata["plan"] = measured.Plan.Name;
        writer.Metadata["quantization"] = measured.Plan.Recipe.Name;
        writer.Metadata["density"] = measured.Plan.Mask.Density.ToString("R", CultureInfo.InvariantCulture);
        writer.Metadata["grid"] = grid.ToString();
        writer.Metadata["backend"] = measured.Choice.Backend.Name;
        file.Write(writer.Write);
    }
}
