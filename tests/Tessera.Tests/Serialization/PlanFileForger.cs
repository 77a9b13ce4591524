using System.Text.Json.Nodes;
using Tessera.Serialization;
using Tessera.Serialization.Plans;

namespace Tessera.Tests.Serialization;

/// <summary>Changes plan files and gives them a right hash again, so that what lies behind the hash is tested too.</summary>
internal static class PlanFileForger
{
    public static PlanFile Load(byte[] content)
    {
        using SafetensorsFile file = SafetensorsFile.FromMemory(content);
        return PlanReader.Read(file, "forged");
    }

    public static void Rewrite(string path, string version = "1", Func<string, string>? header = null, (string Name, Action<byte[]> Change) tensor = default) =>
        File.WriteAllBytes(path, Rewrite(File.ReadAllBytes(path), version, header, tensor));

    public static byte[] Rewrite(byte[] valid, string version = "1", Func<string, string>? header = null, (string Name, Action<byte[]> Change) tensor = default)
    {
        using SafetensorsFile file = SafetensorsFile.FromMemory(valid);
        string text = file.Metadata[PlanReader.HeaderKey];
        text = header is null ? text : header(text);
        using PlanHash hash = new(text);
        SafetensorsWriter writer = new();
        foreach (TensorDescription description in file.Tensors.OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            byte[] bytes = file.Bytes(description.Name).ToArray();
            if (description.Name == tensor.Name)
            {
                tensor.Change!(bytes);
            }

            hash.BeginTensor(description.Name, description.DataType, description.Shape);
            hash.Append(bytes);
            writer.Add(description.Name, description.DataType, [.. description.Shape], stream => stream.Write(bytes));
        }

        writer.Metadata[PlanReader.VersionKey] = version;
        writer.Metadata[PlanReader.HeaderKey] = text;
        writer.Metadata[PlanReader.HashKey] = hash.Finish();
        using MemoryStream stream = new();
        writer.Write(stream);
        return stream.ToArray();
    }

    /// <summary>Replaces the value at a dotted path of names and indices.</summary>
    public static string Replace(string json, string path, JsonNode? value)
    {
        JsonNode root = JsonNode.Parse(json)!;
        JsonNode at = root;
        string[] steps = path.Split('.');
        foreach (string step in steps[..^1])
        {
            at = int.TryParse(step, out int index) ? at[index]! : at[step]!;
        }

        if (int.TryParse(steps[^1], out int last))
        {
            at[last] = value;
        }
        else
        {
            at[steps[^1]] = value;
        }

        return root.ToJsonString();
    }
}
