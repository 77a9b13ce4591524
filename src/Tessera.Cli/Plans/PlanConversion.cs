using System.Text.Json;
using Tessera.Cli.Output;
using Tessera.Layout;
using Tessera.Serialization;

namespace Tessera.Cli.Plans;

/// <summary>The work of <c>tessera plan convert</c>.</summary>
internal static class PlanConversion
{
    public static PlanReport Convert(string path, string outputPath, TokenGrid? grid, int? headDim, CancellationToken cancellationToken)
    {
        OutputFile output = OutputFile.Open(outputPath, path);
        PlanFiles.RequireFile(path);
        PlanFile file = IsJson(path)
            ? PlanDocumentReader.Read(File.ReadAllText(path), path)
            : ReadTensors(path, grid, headDim, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        if (IsJson(outputPath))
        {
            output.Write(JsonSerializer.Serialize(PlanDocumentWriter.Describe(file), PlanJsonContext.Default.PlanDocument) + "\n");
        }
        else
        {
            file = file with { Hash = file.Save(output.FullPath) };
        }

        return PlanReport.Of("plan convert", output.FullPath, file);
    }

    private static PlanFile ReadTensors(string path, TokenGrid? grid, int? headDim, CancellationToken cancellationToken)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        if (!ReleasedPlanImport.Recognizes(file))
        {
            return PlanFile.Load(path);
        }

        return grid is { } known && headDim is { } channels
            ? ReleasedPlanImport.Read(file, Path.GetFileName(path), known, channels, cancellationToken)
            : throw CommandException.Usage(
                "a released plan holds neither grid nor head dimension: add --grid FxHxW, --text and --dim, for example --grid 13x30x45 "
                + "--text 226@front --dim 64.");
    }

    private static bool IsJson(string path) => Path.GetExtension(path).Equals(".json", StringComparison.OrdinalIgnoreCase);
}
