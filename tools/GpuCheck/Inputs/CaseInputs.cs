using Tessera.Attention;

namespace GpuCheck.Inputs;

/// <summary>Q, K and V of a case, dense [B, H, L, D].</summary>
internal sealed class CaseInputs
{
    private CaseInputs(AttentionShape shape, float[] query, float[] key, float[] value)
    {
        Shape = shape;
        Query = query;
        Key = key;
        Value = value;
    }

    public AttentionShape Shape { get; }

    public float[] Query { get; }

    public float[] Key { get; }

    public float[] Value { get; }

    public AttentionInputs Inputs => new(Shape, Query, Key, Value);

    public static CaseInputs Make(AttentionShape shape, Distribution distribution, ulong seed = 1)
    {
        long rows = (long)shape.Batch * shape.Heads * shape.HeadDim;
        float[] query = CounterNormal.Fill((3 * seed) + 0, rows * shape.QueryLength);
        float[] key = CounterNormal.Fill((3 * seed) + 1, rows * shape.KeyLength);
        float[] value = CounterNormal.Fill((3 * seed) + 2, rows * shape.KeyLength);
        switch (distribution)
        {
            case Distribution.Outliers:
                foreach (float[] tensor in (float[][])[query, key, value])
                {
                    for (int i = 0; i < tensor.Length; i += 101)
                    {
                        tensor[i] *= 10;
                    }
                }

                break;
            case Distribution.ConstantValues:
                Array.Fill(value, 1.5f);
                break;
            case Distribution.ZeroQueries:
                Array.Clear(query);
                break;
            default:
                break;
        }

        return new CaseInputs(shape, query, key, value);
    }
}
