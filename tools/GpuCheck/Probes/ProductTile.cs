namespace GpuCheck.Probes;

/// <summary>Element types of a product of the tensor cores.</summary>
internal enum ProductType
{
    SignedBytes = 0,

    /// <summary>Unsigned bytes times signed ones.</summary>
    UnsignedBytes,

    BFloat16,

    Float8,

    Half,
}

/// <summary>
/// Operands of a product of the tensor cores as rows of bytes, with the exact result: d[i, j] = c[i, j] + sum over k of a[i, k] b[j, k].
/// </summary>
internal sealed class ProductTile
{
    private readonly ProductType _type;

    /// <summary>Random operands whose sums no accumulator rounds: integers of any byte, small integers in floating types.</summary>
    public ProductTile(ProductType type, int rows, int columns, int bytes, Random random)
        : this(type, rows, columns, bytes)
    {
        for (int i = 0; i < A.Length; i++)
        {
            FillRandom(A[i], random);
        }

        for (int j = 0; j < B.Length; j++)
        {
            FillRandom(B[j], random);
        }
    }

    /// <summary>Operands of zeros.</summary>
    public ProductTile(ProductType type, int rows, int columns, int bytes)
    {
        _type = type;
        A = [.. Enumerable.Range(0, rows).Select(_ => new byte[bytes])];
        B = [.. Enumerable.Range(0, columns).Select(_ => new byte[bytes])];
    }

    private ProductTile(ProductType type, byte[][] a, byte[][] b)
    {
        _type = type;
        A = a;
        B = b;
    }

    public byte[][] A { get; }

    public byte[][] B { get; }

    public bool IsInteger => _type is ProductType.SignedBytes or ProductType.UnsignedBytes;

    /// <summary>Bytes of an element.</summary>
    private int Width => _type is ProductType.BFloat16 or ProductType.Half ? 2 : 1;

    /// <summary>This first operand with another tile's second one.</summary>
    public ProductTile Times(ProductTile other) => new(_type, A, other.B);

    /// <summary>Register bits of an exact element, on top of an accumulator's.</summary>
    public uint Element(int row, int column, uint accumulator = 0)
    {
        double sum = IsInteger ? (int)accumulator : BitConverter.UInt32BitsToSingle(accumulator);
        int width = Width;
        for (int k = 0; k < A[row].Length; k += width)
        {
            sum += Number(A[row], k, isFirst: true) * Number(B[column], k, isFirst: false);
        }

        return IsInteger ? unchecked((uint)(long)sum) : BitConverter.SingleToUInt32Bits((float)sum);
    }

    /// <summary>Four bytes of a row as a register has them.</summary>
    public static uint Word(byte[] row, int first) => BitConverter.ToUInt32(row, first);

    private double Number(byte[] row, int k, bool isFirst) => _type switch
    {
        ProductType.SignedBytes => (sbyte)row[k],
        ProductType.UnsignedBytes => isFirst ? row[k] : (sbyte)row[k],
        ProductType.BFloat16 => BitConverter.UInt32BitsToSingle((uint)(row[k] | (row[k + 1] << 8)) << 16),
        ProductType.Half => (double)BitConverter.UInt16BitsToHalf((ushort)(row[k] | (row[k + 1] << 8))),
        _ => Tessera.Numerics.Float8E4M3.DecodeTable[row[k]],
    };

    private void FillRandom(byte[] row, Random random)
    {
        if (IsInteger)
        {
            random.NextBytes(row);

            // The extremes meet each other: -128 times -128, 255 times -128.
            row[0] = 0x80;
            row[1] = 0xff;
            return;
        }

        int width = Width;
        for (int k = 0; k < row.Length; k += width)
        {
            int value = random.Next(-8, 9);
            uint code = _type switch
            {
                ProductType.BFloat16 => Rounding.BFloat16Of(value),
                ProductType.Half => Rounding.HalfOf(value),
                _ => Rounding.Float8Of(value),
            };
            row[k] = (byte)code;
            if (width == 2)
            {
                row[k + 1] = (byte)(code >> 8);
            }
        }
    }
}
