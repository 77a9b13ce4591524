using Tessera.Serialization;

namespace Tessera.Cli.Tests;

/// <summary>Small tensor files made on the spot.</summary>
internal static class TensorFile
{
    /// <summary>Writes query, key and value of normal random numbers.</summary>
    public static string Write(string path, long[] shape, Action<float[]>? editQuery = null, bool shortNames = false, int seed = 1)
    {
        SafetensorsWriter writer = new();
        foreach (string name in shortNames ? (string[])["q", "k", "v"] : ["query", "key", "value"])
        {
            float[] values = Values(shape, seed++);
            if (name is "query" or "q")
            {
                editQuery?.Invoke(values);
            }

            writer.Add<float>(name, shape, values);
        }

        writer.Save(path);
        return path;
    }

    public static float[] Values(long[] shape, int seed)
    {
        Random random = new(seed);
        float[] values = new float[shape.Aggregate(1L, static (product, extent) => product * extent)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        }

        return values;
    }
}
