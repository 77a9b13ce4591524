using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Tessera.Numerics;
using Tessera.Serialization;

namespace Tessera.Wan.Sampling;

/// <summary>
/// Normal random numbers that depend on a seed and their index only, so that any part can be made again: 16 bits of a counter-based
/// generator (SplitMix64, Steele et al., "Fast splittable pseudorandom number generators", 2014) choose among 65,536 quantiles of the
/// normal distribution.
/// </summary>
internal sealed class NormalStream
{
    private const int Quantiles = 1 << 16;
    private const int PerWord = 4;
    private const int Part = 1 << 14;
    private const ulong Increment = 0x9E3779B97F4A7C15;

    private static readonly float[] Table = MakeTable();
    private readonly ulong _state;

    /// <param name="seed">Seed of the checkpoint or the generation.</param>
    /// <param name="name">Name of the stream: a tensor of a checkpoint, or what the numbers are for.</param>
    public NormalStream(ulong seed, string name)
    {
        // FNV-1a, so that every tensor has numbers of its own.
        ulong hash = 0xCBF29CE484222325;
        foreach (char character in name)
        {
            hash = (hash ^ character) * 0x100000001B3;
        }

        _state = Mix(seed) ^ hash;
    }

    /// <summary>Writes <c>mean + deviation * z</c> for the first numbers z of the stream.</summary>
    public void Write(Stream destination, TensorDataType type, long count, float mean, float deviation, CancellationToken cancellationToken)
    {
        float[] values = new float[Part];
        byte[] encoded = new byte[Part * type.ByteSize()];
        for (long start = 0; start < count; start += Part)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Span<float> part = values.AsSpan(0, (int)Math.Min(Part, count - start));
            Fill(start, part);
            for (int i = 0; i < part.Length; i++)
            {
                part[i] = mean + (deviation * part[i]);
            }

            destination.Write(Encode(part, type, encoded));
        }
    }

    /// <summary>The numbers from an index on, which must be a multiple of 4.</summary>
    public void Fill(long start, Span<float> destination)
    {
        ulong counter = _state + ((ulong)start / PerWord * Increment);
        for (int i = 0; i < destination.Length; i += PerWord)
        {
            counter += Increment;
            ulong word = Mix(counter);
            for (int j = i; j < Math.Min(i + PerWord, destination.Length); j++)
            {
                destination[j] = Table[(ushort)word];
                word >>= 16;
            }
        }
    }

    private static ReadOnlySpan<byte> Encode(ReadOnlySpan<float> values, TensorDataType type, byte[] encoded)
    {
        switch (type)
        {
            case TensorDataType.Float32:
                return MemoryMarshal.AsBytes(values);
            case TensorDataType.BFloat16:
                BFloat16.ConvertFromSingle(values, MemoryMarshal.Cast<byte, BFloat16>(encoded.AsSpan())[..values.Length]);
                return encoded.AsSpan(0, 2 * values.Length);
            case TensorDataType.Float16:
                TensorPrimitives.ConvertToHalf(values, MemoryMarshal.Cast<byte, Half>(encoded.AsSpan())[..values.Length]);
                return encoded.AsSpan(0, 2 * values.Length);
            default:
                throw new NotSupportedException($"Random weights are float32, bfloat16 or float16, not {type}.");
        }
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    /// <summary>The middle of each of 65,536 slices of equal probability, by adding up the density in small steps.</summary>
    private static float[] MakeTable()
    {
        const double Step = 1.0 / 8192;
        float[] table = new float[Quantiles];
        double probability = 0.5;
        double position = 0;
        for (int i = Quantiles / 2; i < Quantiles; i++)
        {
            double wanted = (i + 0.5) / Quantiles;
            while (true)
            {
                double slice = Step * Math.Exp(-0.5 * (position + (Step / 2)) * (position + (Step / 2))) / Math.Sqrt(2 * Math.PI);
                if (probability + slice >= wanted)
                {
                    table[i] = (float)(position + (Step * (wanted - probability) / slice));
                    break;
                }

                probability += slice;
                position += Step;
            }

            table[Quantiles - 1 - i] = -table[i];
        }

        return table;
    }
}
