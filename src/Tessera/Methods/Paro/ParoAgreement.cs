using Tessera.Attention;

namespace Tessera.Methods.Paro;

/// <summary>
/// How far two calibrations of one layer agree, over prompts, steps or seeds: whether the pattern of a head is as stable as the paper
/// argues.
/// </summary>
/// <param name="OrderAgreement">Share of heads with the same order.</param>
/// <param name="MaskOverlap">Mean over heads and groups of |A and B| / |A or B| of the kept blocks, where the order is the same; NaN when
/// none is.</param>
public sealed record ParoAgreement(double OrderAgreement, double MaskOverlap)
{
    /// <summary>Compares two calibrations.</summary>
    /// <exception cref="ArgumentException">They are of different shapes or mask groups.</exception>
    public static ParoAgreement Between(ParoCalibration first, ParoCalibration second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        AttentionPlan plan = first.Plans[0];
        AttentionPlan other = second.Plans[0];
        if (plan.Shape with { Batch = 1 } != other.Shape with { Batch = 1 }
            || plan.Mask.Size != other.Mask.Size
            || first.Plans.Count != second.Plans.Count)
        {
            throw new ArgumentException(
                $"Calibrations of {plan.Shape} in {first.Plans.Count} groups and of {other.Shape} in {second.Plans.Count} groups "
                    + "cannot be compared.",
                nameof(second));
        }

        int same = 0;
        double overlap = 0;
        for (int head = 0; head < plan.Shape.Heads; head++)
        {
            if (!Equals(plan.OrderOf(head), other.OrderOf(head)))
            {
                continue;
            }

            same++;
            for (int group = 0; group < first.Plans.Count; group++)
            {
                overlap += Overlap(first.Plans[group], second.Plans[group], head);
            }
        }

        return new ParoAgreement((double)same / plan.Shape.Heads, same == 0 ? double.NaN : overlap / (same * first.Plans.Count));
    }

    private static double Overlap(AttentionPlan first, AttentionPlan second, int head)
    {
        long both = 0;
        long either = 0;
        for (int row = 0; row < first.Mask.QueryBlocks; row++)
        {
            ReadOnlySpan<int> a = first.Mask.FullKeyBlocks(head, row);
            ReadOnlySpan<int> b = second.Mask.FullKeyBlocks(head, row);
            int shared = 0;
            foreach (int block in a)
            {
                shared += b.BinarySearch(block) >= 0 ? 1 : 0;
            }

            both += shared;
            either += a.Length + b.Length - shared;
        }

        return either == 0 ? 1 : (double)both / either;
    }
}
