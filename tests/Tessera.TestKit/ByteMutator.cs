using System.Buffers.Binary;

namespace Tessera.TestKit;

/// <summary>
/// Seeded damage to a valid file: flipped bits, overwritten bytes and 64-bit numbers, removed, doubled and inserted runs, truncation.
/// </summary>
public sealed class ByteMutator(int seed)
{
    private static readonly long[] Numbers = [0, 1, -1, 7, 8, 255, int.MaxValue, 1L << 32, long.MaxValue, long.MinValue, 100_000_001];

    private static readonly byte[] Marks = [.. "{}[]\":,0-9eE\\ \n'()xU+."u8, 0x00, 0x7F, 0x80, 0xC3, 0xFF];

    private readonly Random _random = new(seed);

    public byte[] Mutate(byte[] valid)
    {
        List<byte> bytes = [.. valid];
        int edits = 1 + _random.Next(3);
        for (int i = 0; i < edits && bytes.Count > 0; i++)
        {
            // Headers are where parsers err: half of the edits fall into the first 256 bytes.
            int at = _random.Next(_random.Next(2) == 0 ? bytes.Count : Math.Min(256, bytes.Count));
            int run = Math.Min(1 + _random.Next(16), bytes.Count - at);
            switch (_random.Next(7))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << _random.Next(8));
                    break;
                case 1:
                    bytes[at] = Marks[_random.Next(Marks.Length)];
                    break;
                case 2:
                    bytes.RemoveRange(at, run);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, run));
                    break;
                case 4:
                    bytes.InsertRange(at, Enumerable.Range(0, run).Select(_ => Marks[_random.Next(Marks.Length)]));
                    break;
                case 5:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    Overwrite(bytes, _random.Next(4) == 0 ? 0 : at);
                    break;
            }
        }

        return [.. bytes];
    }

    private void Overwrite(List<byte> bytes, int at)
    {
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(number, Numbers[_random.Next(Numbers.Length)]);
        for (int i = 0; i < 8 && at + i < bytes.Count; i++)
        {
            bytes[at + i] = number[i];
        }
    }
}
