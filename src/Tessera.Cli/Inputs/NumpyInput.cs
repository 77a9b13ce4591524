using Tessera.Serialization;

namespace Tessera.Cli.Inputs;

/// <summary>Query, key and value of three .npy files.</summary>
internal static class NumpyInput
{
    private static readonly string[] Roles = ["query", "key", "value"];

    public static HeadTensors Load(IReadOnlyList<string> paths, string source, CancellationToken cancellationToken)
    {
        if (paths.Count != Roles.Length)
        {
            throw CommandException.Usage(
                $"--input got {paths.Count} .npy file{(paths.Count == 1 ? "" : "s")}; wanted three in the order query key value.");
        }

        NamedTensor[] tensors = new NamedTensor[Roles.Length];
        for (int i = 0; i < Roles.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            NpyFile file = NpyFile.Read(paths[i]);
            tensors[i] = new NamedTensor(
                Roles[i], TensorAssembly.RequireShape(Roles[i], file.Shape, Path.GetFileName(paths[i])), file.Values);
        }

        return TensorAssembly.Assemble(source, tensors[0], tensors[1], tensors[2]);
    }
}
