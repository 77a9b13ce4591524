using Tessera.Attention;
using Tessera.Masks;

namespace Tessera.Backends.Cpu.Costs;

/// <summary>
/// What one pair costs a mask predicate or a score functor: a plan that asks it for every pair, through the real backend, less what the
/// same plan is predicted to take without it.
/// </summary>
internal static class FunctorProbe
{
    private const int Tokens = 512;
    private const int Rounds = 5;

    /// <summary>Key of the predicate of a plan.</summary>
    public static string KeyOf(MaskPredicate predicate) => $"predicate {predicate.Mod.GetType()}";

    /// <summary>Key of the score functor of a plan.</summary>
    public static string KeyOf(ScoreModifier modifier) => $"modifier {modifier.Mod.GetType()}";

    /// <summary>Measures the predicate of a plan.</summary>
    public static double MeasurePredicate(AttentionPlan plan, CpuOptions options, KernelCosts costs, double wake)
    {
        int length = LengthFor(plan);
        BlockMaskBuilder builder = new(1, length, length, BlockSize.Default);
        for (int row = 0; row < builder.QueryBlocks; row++)
        {
            for (int column = 0; column < builder.KeyBlocks; column++)
            {
                builder[0, row, column] = BlockCoverage.Partial;
            }
        }

        AttentionPlan probe = ProbeOf(plan, length, builder.Build(plan.Mask.Predicate)) with { ScoreModifier = null };
        return Measure(probe, CostTerm.PredicatePair, options, costs, wake);
    }

    /// <summary>Measures the score functor of a plan.</summary>
    public static double MeasureModifier(AttentionPlan plan, CpuOptions options, KernelCosts costs, double wake)
    {
        int length = LengthFor(plan);
        return Measure(
            ProbeOf(plan, length, BlockMask.Dense(length, length, BlockSize.Default)), CostTerm.ModifierPair, options, costs, wake);
    }

    // The functor sees the first tokens of the plan only, since it may refuse others.
    private static int LengthFor(AttentionPlan plan) => Math.Min(Tokens, Math.Min(plan.Shape.QueryLength, plan.Shape.KeyLength));

    private static AttentionPlan ProbeOf(AttentionPlan plan, int length, BlockMask mask) => new()
    {
        Name = "functor-probe",
        Shape = new AttentionShape(1, 1, length, length, plan.Shape.HeadDim),
        Grid = CpuCostProbe.GridOf(length),
        Mask = mask,
        Recipe = plan.Recipe,
        ScoreModifier = plan.ScoreModifier,
    };

    private static double Measure(AttentionPlan plan, CostTerm term, CpuOptions options, KernelCosts costs, double wake)
    {
        float[] inputs = new float[ProbeRun.InputFloats(plan.Shape)];
        for (int i = 0; i < inputs.Length; i++)
        {
            inputs[i] = (float)Math.Sin(i);
        }

        using ProbeRun run = new(plan, options, inputs, new float[ProbeRun.OutputFloats(plan.Shape)]);
        for (int compilation = 0; compilation < 3; compilation++)
        {
            // The functor is compiled anew, faster, in the background after a pause of 100 ms.
            run.RunGroup(Rounds);
            Thread.Sleep(130);
        }

        run.Forget();
        run.RunGroup(Rounds);
        run.RunGroup(Rounds);
        double[] counts = new double[KernelCosts.Terms];
        double wall = run.Work.Attend(costs.With(term, 0), wake, counts);
        return Math.Max(0, run.AttendSeconds - wall) * run.Work.Threads / counts[(int)term];
    }
}
