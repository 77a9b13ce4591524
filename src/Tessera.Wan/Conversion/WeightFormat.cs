namespace Tessera.Wan.Conversion;

/// <summary>How a converted checkpoint stores its matrices.</summary>
public enum WeightFormat
{
    /// <summary>bfloat16, rounded to nearest: 8 bits of precision.</summary>
    BFloat16,

    /// <summary>binary16, rounded to nearest: 11 bits of precision, numbers below 65,504.</summary>
    Float16,

    /// <summary>FP8 E4M3 with one scale for each matrix: 4 bits of precision.</summary>
    Float8,

    /// <summary>8-bit integers with one scale for each row: steps of 1/127 of the row's largest number.</summary>
    Int8,
}
