using System.Diagnostics.CodeAnalysis;
using Tessera.Attention;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu.Packing;

/// <summary>
/// The check of every row that is packed. A NaN or an infinity in Q, K or V is an error that names the element: a quantiser would turn it
/// into some code, and one bad key would spoil every row that sees it.
/// </summary>
internal static unsafe class NonFiniteInput
{
    // 65520 and above round to infinity in binary16.
    private const int Binary16Limit = 0x477FF000;

    private const int Infinity = 0x7F800000;

    /// <summary>Bits of the first magnitude that a format cannot hold.</summary>
    public static int LimitOf(NumberFormat format) => format == NumberFormat.Float16 ? Binary16Limit : Infinity;

    /// <summary>Finds the offending element of a head and throws.</summary>
    /// <exception cref="ArgumentException">Always.</exception>
    [DoesNotReturn]
    public static void Throw(
        AttentionOperand operand, NumberFormat format, in RowSource source, in PackedHead head, AttentionShape shape)
    {
        int tokens = operand == AttentionOperand.Query ? shape.QueryLength : shape.KeyLength;
        string name = operand switch
        {
            AttentionOperand.Query => "query",
            AttentionOperand.Key => "key",
            _ => "value",
        };
        for (int token = 0; token < tokens; token++)
        {
            for (int channel = 0; channel < shape.HeadDim; channel++)
            {
                float element = source.Element(head.Batch, head.Head, token, channel);
                if ((BitConverter.SingleToInt32Bits(element) & int.MaxValue) >= LimitOf(format))
                {
                    throw new ArgumentException(
                        $"{name}[{head.Batch}, {head.Head}, {token}, {channel}] is {element}, which {format} attention cannot use; "
                            + "clean or clamp the tensor first.",
                        name);
                }
            }
        }

        throw new ArgumentException(
            $"{name} of batch {head.Batch}, head {head.Head} overflows while it is turned, smoothed or transformed; "
                + "scale the tensor down first.",
            name);
    }

    /// <summary>Refuses a head whose scores could overflow.</summary>
    /// <exception cref="ArgumentException">Always.</exception>
    [DoesNotReturn]
    public static void ThrowScoreOverflow(in PackedHead head, double bound) =>
        throw new ArgumentException(
            $"Scores of batch {head.Batch}, head {head.Head} may reach {bound:g3}, beyond binary32; scale query and key down first.");
}
