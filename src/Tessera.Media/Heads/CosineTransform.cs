namespace Tessera.Media.Heads;

/// <summary>
/// The orthonormal DCT-II of one size: C[k, n] = sqrt((k == 0 ? 1 : 2) / N) cos(pi (2 n + 1) k / (2 N)). Its inverse is its transpose.
/// (Ahmed, Natarajan and Rao, Discrete Cosine Transform, IEEE Trans. Computers, 1974.)
/// </summary>
internal sealed class CosineTransform
{
    private readonly float[] _basis;

    /// <summary>Makes the transform of <paramref name="size"/> values.</summary>
    public CosineTransform(int size)
    {
        Size = size;
        _basis = new float[size * size];
        for (int k = 0; k < size; k++)
        {
            double norm = Math.Sqrt((k == 0 ? 1.0 : 2.0) / size);
            for (int n = 0; n < size; n++)
            {
                _basis[(k * size) + n] = (float)(norm * Math.Cos(Math.PI * ((2 * n) + 1) * k / (2.0 * size)));
            }
        }
    }

    /// <summary>Values.</summary>
    public int Size { get; }

    /// <summary>Basis vector of frequency <paramref name="k"/>, N values.</summary>
    public ReadOnlySpan<float> Row(int k) => _basis.AsSpan(k * Size, Size);

    /// <summary>
    /// Transforms the middle axis of source [outer, N, inner] to the first <paramref name="keep"/> frequencies: destination [outer, keep,
    /// inner].
    /// </summary>
    public void Forward(ReadOnlySpan<float> source, Span<float> destination, int outer, int inner, int keep)
    {
        for (int o = 0; o < outer; o++)
        {
            for (int k = 0; k < keep; k++)
            {
                Span<float> target = destination.Slice(((o * keep) + k) * inner, inner);
                target.Clear();
                ReadOnlySpan<float> basis = Row(k);
                for (int n = 0; n < Size; n++)
                {
                    float weight = basis[n];
                    ReadOnlySpan<float> line = source.Slice(((o * Size) + n) * inner, inner);
                    for (int i = 0; i < inner; i++)
                    {
                        target[i] += weight * line[i];
                    }
                }
            }
        }
    }

    /// <summary>
    /// The inverse of <see cref="Forward"/> with absent frequencies zero: source [outer, keep, inner], destination [outer, N, inner].
    /// </summary>
    public void Inverse(ReadOnlySpan<float> source, Span<float> destination, int outer, int inner, int keep)
    {
        for (int o = 0; o < outer; o++)
        {
            Span<float> block = destination.Slice(o * Size * inner, Size * inner);
            block.Clear();
            for (int k = 0; k < keep; k++)
            {
                ReadOnlySpan<float> line = source.Slice(((o * keep) + k) * inner, inner);
                for (int n = 0; n < Size; n++)
                {
                    float weight = Row(k)[n];
                    Span<float> target = block.Slice(n * inner, inner);
                    for (int i = 0; i < inner; i++)
                    {
                        target[i] += weight * line[i];
                    }
                }
            }
        }
    }
}
