using Tessera.Layout;
using Tessera.Serialization;

namespace Tessera.Cli.Inputs;

/// <summary>Query, key and value of one safetensors file.</summary>
internal static class SafetensorsInput
{
    private static readonly (string Long, string Short)[] Roles = [("query", "q"), ("key", "k"), ("value", "v")];

    public static HeadTensors Load(string path, CancellationToken cancellationToken)
    {
        string source = Path.GetFileName(path);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        string[] names = [.. Roles.Select(role => NameOf(file, role.Long, role.Short, source))];
        // All shapes are looked at before any data is read: a wrong file is told at once.
        int[][] shapes = [.. names.Select(name => TensorAssembly.RequireShape(name, file[name].Shape, source))];
        NamedTensor[] tensors = new NamedTensor[names.Length];
        for (int i = 0; i < names.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            tensors[i] = new NamedTensor(names[i], shapes[i], file.ReadSingle(names[i]));
        }

        return TensorAssembly.Assemble(source, tensors[0], tensors[1], tensors[2]);
    }

    /// <summary>The grid that the file itself names, as 'tessera generate --capture' writes it; null when it names none.</summary>
    /// <exception cref="FormatException">What it names is no grid.</exception>
    public static TokenGrid? GridOf(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return file.Metadata.TryGetValue("grid", out string? text) ? TokenGrid.Parse(text) : null;
    }

    private static string NameOf(SafetensorsFile file, string longName, string shortName, string source)
    {
        if (file.Contains(longName))
        {
            return longName;
        }

        return file.Contains(shortName)
            ? shortName
            : throw CommandException.BadInput(
                $"{source} has no tensor '{longName}' (or '{shortName}'); it has "
                + $"{(file.Tensors.Count == 0 ? "none" : string.Join(
                        ", ", file.Tensors.Select(static tensor => tensor.ToString())))}.");
    }
}
