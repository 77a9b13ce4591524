using System.Text;
using Tessera.Neural.Checkpoints;
using Tessera.Numerics;
using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.TinyAutoencoder;
using Xunit;

namespace Tessera.Wan.Tests.Checkpoints;

/// <summary>Seeded damage to a valid file of every part: one exception of the kind that callers catch, or weights that can be read.</summary>
public sealed class DamagedPartTests : IDisposable
{
    private static readonly WanTransformerConfig Sizes = new()
    {
        Dim = 12,
        FeedForwardDim = 8,
        Heads = 2,
        Layers = 2,
        FrequencyDim = 4,
        TextDim = 6,
        TextLength = 4,
    };

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"tessera-damaged-{Guid.NewGuid():N}.safetensors");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("scaled transformer")]
    [InlineData("text encoder")]
    [InlineData("autoencoder")]
    [InlineData("tiny autoencoder")]
    public void Damaged_files_of_every_part_give_one_exception_or_open(string part)
    {
        byte[] valid = Forge(part);
        File.WriteAllBytes(_path, valid);
        Open(part).Dispose();
        int header = BitConverter.ToInt32(valid) + 8;
        ByteMutator mutator = new(FuzzCount.Seed(part.Length));
        int count = FuzzCount.Or(400);
        int refused = 0;
        for (int i = 0; i < count; i++)
        {
            File.WriteAllBytes(_path, i % 2 == 0 ? mutator.Mutate(valid) : Retype(valid, header, FuzzCount.Seed(i)));
            try
            {
                using Checkpoint weights = Open(part);
                _ = weights.FindNonFinite();
            }
            catch (IOException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, count / 2, count - 1);
    }

    private Checkpoint Open(string part) => part switch
    {
        "scaled transformer" => WanWeights.OpenTransformer(_path, Sizes).Weights,
        "text encoder" => WanWeights.OpenTextEncoder(_path).Weights,
        "autoencoder" => WanWeights.OpenVae(_path).Weights,
        _ => TinyVae.OpenWeights(_path),
    };

    /// <summary>Damage that stays within the numbers and names of a header that still fits, and so gets past the file's own checks.</summary>
    private static byte[] Retype(byte[] valid, int header, int seed)
    {
        Random random = new(seed);
        byte[] damaged = [.. valid];
        int at = random.Next(8, header);
        damaged[at] = char.IsAsciiDigit((char)damaged[at]) ? (byte)random.Next('0', '9' + 1)
            : char.IsAsciiLetter((char)damaged[at]) ? (byte)'a'
            : damaged[at];

        // And a number of the data.
        damaged[random.Next(header, valid.Length)] ^= (byte)random.Next(1, 256);
        return damaged;
    }

    private static byte[] Forge(string part)
    {
        SafetensorsWriter writer = new();
        if (part == "scaled transformer")
        {
            ForgeScaled(writer);
        }
        else
        {
            IEnumerable<TensorSpecification> tensors = part switch
            {
                "text encoder" => new Umt5Config
                {
                    Dim = 4,
                    FeedForwardDim = 6,
                    Heads = 2,
                    HeadDim = 2,
                    Layers = 2,
                    Vocabulary = 5,
                    Buckets = 32,
                }.Tensors(),
                "autoencoder" => new WanVaeConfig { BaseDim = 1 }.Tensors(),
                _ => new TinyVaeConfig { DecoderWidths = [4, 2, 1, 1], EncoderWidth = 2 }.Tensors(),
            };
            foreach (TensorSpecification tensor in tensors)
            {
                writer.Add<float>(tensor.Name, [.. tensor.Shape], new float[tensor.ElementCount]);
            }
        }

        using MemoryStream stream = new();
        writer.Write(stream);
        return stream.ToArray();
    }

    /// <summary>Matrices of blocks alternate between FP8 and 8-bit integers with scales under all namings.</summary>
    private static void ForgeScaled(SafetensorsWriter writer)
    {
        int index = 0;
        foreach (TensorSpecification tensor in Sizes.Tensors())
        {
            bool isScaled = tensor.Shape.Count == 2 && tensor.Name.StartsWith("blocks.", StringComparison.Ordinal);
            string layer = tensor.Name[..tensor.Name.LastIndexOf('.')];
            switch (isScaled ? index++ % 3 : -1)
            {
                case 0:
                    writer.Add<Float8E4M3>(tensor.Name, [.. tensor.Shape], new Float8E4M3[tensor.ElementCount]);
                    writer.Add<float>($"{layer}.scale_weight", [], new float[] { 2 });
                    break;
                case 1:
                    writer.Add<Float8E4M3>(tensor.Name, [.. tensor.Shape], new Float8E4M3[tensor.ElementCount]);
                    writer.Add<float>($"{layer}.weight_scale", [1], new float[] { 2 });
                    byte[] description = Encoding.ASCII.GetBytes("{\"format\": \"float8_e4m3fn\"}");
                    writer.Add<byte>($"{layer}.comfy_quant", [description.Length], description);
                    break;
                case 2:
                    writer.Add<sbyte>(tensor.Name, [.. tensor.Shape], new sbyte[tensor.ElementCount]);
                    writer.Add<float>($"{tensor.Name}.scale", [tensor.Shape[0]], new float[tensor.Shape[0]]);
                    break;
                default:
                    writer.Add<float>(tensor.Name, [.. tensor.Shape], new float[tensor.ElementCount]);
                    break;
            }
        }
    }
}
