using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.Wan.TinyAutoencoder;

namespace Tessera.Benchmarks.Wan;

/// <summary>The tiny autoencoder in its released size with random weights; speed does not depend on them.</summary>
internal static class RandomTinyVae
{
    public static TinyVae Create()
    {
        Random random = new(1);
        SafetensorsWriter writer = new();
        foreach (TensorSpecification tensor in new TinyVaeConfig().Tensors())
        {
            float deviation = MathF.Sqrt(3f / Math.Max(1, tensor.ElementCount / tensor.Shape[0]));
            float[] values = new float[tensor.ElementCount];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = ((2 * random.NextSingle()) - 1) * deviation;
            }

            writer.Add<float>(tensor.Name, [.. tensor.Shape], values);
        }

        using MemoryStream stream = new();
        writer.Write(stream);
        return new TinyVae(new Checkpoint(SafetensorsFile.FromMemory(stream.ToArray()), KeyTable.Identity("original")));
    }
}
