namespace Tessera.Cli.Inputs;

/// <summary>Loads any input by what it is named.</summary>
internal static class InputLoader
{
    /// <exception cref="CommandException">The files are not an input, or hold something that cannot be attended; the message says
    /// what.</exception>
    public static LoadedInput Load(InputRequest request, CancellationToken cancellationToken)
    {
        string first = request.Files[0];
        if (first == StructuredInput.Word)
        {
            return StructuredInput.Load(request);
        }

        if (first == ClipInput.GeneratedWord)
        {
            return ClipInput.Generate(request);
        }

        foreach (string file in request.Files)
        {
            RequireFile(file);
        }

        return Path.GetExtension(first).ToLowerInvariant() switch
        {
            ".npy" => WithGrid(NumpyInput.Load(request.Files, request.Source, cancellationToken), request),
            _ when request.Files.Count > 1 => throw CommandException.Usage(
                $"--input got {request.Files.Count} files; wanted one .safetensors file, one clip, or three .npy files."),
            ".safetensors" => WithGrid(
                SafetensorsInput.Load(first, cancellationToken), request with { Grid = request.Grid ?? SafetensorsInput.GridOf(first) }),
            _ => ClipInput.Load(request, cancellationToken),
        };
    }

    private static LoadedInput WithGrid(HeadTensors tensors, InputRequest request)
    {
        if (request.Grid is not { } grid)
        {
            throw CommandException.Usage(
                $"--grid is missing: {request.Source} has {tensors.Shape.QueryLength} tokens, and only you know their frames x height x "
                + "width, for example --grid 13x30x45 --text 226@front.");
        }

        TensorChecks.RequireGrid(grid, tensors.Shape, request.Source);
        return new LoadedInput(tensors, grid);
    }

    private static void RequireFile(string path)
    {
        if (Directory.Exists(path))
        {
            throw CommandException.BadInput($"input '{path}' is a folder; give a file.");
        }

        if (!File.Exists(path))
        {
            throw CommandException.BadInput($"input '{path}' does not exist.");
        }
    }
}
