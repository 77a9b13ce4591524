using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Backends.Reference;
using Tessera.Cuda.Emulation;
using Tessera.Cuda.Planning;
using Tessera.Fidelity;
using Tessera.Quantization;
using Xunit;
using Xunit.Abstractions;

namespace Tessera.Cuda.Tests.Backend.RandomPlans;

/// <summary>
/// Plans drawn at random: the backend takes them and follows the recipe in double, or refuses them and says something true.
/// </summary>
/// <remarks>
/// Codes and scales are those of the recipe, bit for bit (with a rotary embedding, but for roundings of an angle's sine), so output and
/// recipe differ by binary32 scores, the exponential, and probabilities that land on the neighbouring code. Of a score of x in base-2
/// units each of five roundings takes 2^-24 |x|, which changes 2^x by ln 2 times as much: <c>5e-3 + 4 2^-22 |x|</c> bounds a head, |x|
/// by the lengths of its rows (Cauchy-Schwarz). The first term is what every instantiation is held to (BackendCase.Bound).
/// </remarks>
public sealed class RandomPlanTests(ITestOutputHelper log)
{
    private const int PlansACase = 10;

    // A longer run draws more: TESSERA_RANDOM_PLANS=300 takes a few minutes.
    private static readonly int CaseCount = int.TryParse(Environment.GetEnvironmentVariable("TESSERA_RANDOM_PLANS"), out int count) ? count : 30;

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, CaseCount)];

    [EmulatedTheory]
    [MemberData(nameof(Cases))]
    public void A_plan_is_followed_or_refused_truthfully(int group)
    {
        for (int seed = group * PlansACase; seed < (group + 1) * PlansACase; seed++)
        {
            Check(PlanDraw.Of(seed));
        }
    }

    [Fact]
    public void The_draw_meets_every_refusal_and_every_kind_of_kernel()
    {
        HashSet<string> kernels = [];
        int taken = 0;
        PlanDraw[] draws = [.. Enumerable.Range(0, CaseCount * PlansACase).Select(PlanDraw.Of)];
        foreach (PlanDraw draw in draws)
        {
            draw.Plan.Validate();
            if (PlanTranslation.Translate(draw.Plan, SupportTests.Device(draw.Architecture), out PlannedAttention? planned) is null)
            {
                taken++;
                kernels.Add(planned!.Attend.Name);
            }
        }

        log.WriteLine($"{taken} of {draws.Length} plans are taken, by {kernels.Count} kernels");
        Assert.InRange(taken, 0.4 * draws.Length, 0.9 * draws.Length);
        Assert.True(kernels.Count >= 12, string.Join(", ", kernels));
        Assert.Empty(Refusals.NotMetBy(draws));
    }

    private void Check(PlanDraw draw)
    {
        // One schedule a plan: all of them are met over the seeds.
        using EmulatedDevice device = new(draw.Architecture, EmulatedSchedule.All[draw.Seed % EmulatedSchedule.All.Count]);
        using CudaBackend backend = new(device, BackendCase.Unverified);
        BackendSupport support = backend.Supports(draw.Plan);
        if (!support.IsSupported)
        {
            Refusals.AssertTrue(draw, support.Reason);
            return;
        }

        Assert.False(Refusals.Any(draw), $"{draw} was taken: {support.Reason}");
        AttentionShape shape = draw.Plan.Shape;
        int rows = shape.Batch * shape.Heads * shape.QueryLength;
        float[] output = new float[rows * shape.HeadDim];
        float[] logSumExp = new float[rows];
        Array.Fill(output, float.NaN);
        Array.Fill(logSumExp, float.NaN);
        using CudaAttentionKernel kernel = backend.Compile(draw.Plan);
        if (draw.Plan.Recipe.Value.Format == NumberFormat.Float16 && !draw.Inputs.FitsBinary16)
        {
            ArgumentException refusal = Assert.Throws<ArgumentException>(
                () => kernel.Run(draw.Call, new TensorSpan<float>(output, [shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDim])));
            Assert.Equal("value", refusal.ParamName);
            return;
        }

        kernel.Run(draw.Call, new TensorSpan<float>(output, [shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDim]), logSumExp);
        ReferenceResult recipe = ReferenceAttention.Compute(draw.InKeyBlocksOf64, draw.Call);
        for (int pair = 0; pair < shape.Batch * shape.Heads; pair++)
        {
            Compare(draw, kernel.KernelName, recipe, output, logSumExp, pair);
        }
    }

    private void Compare(PlanDraw draw, string kernel, ReferenceResult recipe, float[] output, float[] logSumExp, int pair)
    {
        AttentionShape shape = draw.Plan.Shape;
        int size = shape.QueryLength * shape.HeadDim;
        double largest = Math.Log2(Math.E) * Math.Abs(draw.Plan.EffectiveScale) * draw.LargestProduct(pair);
        double bound = BackendCase.Bound + (4 * Math.ScaleB(largest, -22));
        Assert.True(bound < 0.05, $"{draw}: scores up to {largest:g3} leave nothing to compare; draw milder inputs");
        AttentionError error = AttentionError.Compare(recipe.Output.AsSpan(pair * size, size), output.AsSpan(pair * size, size));
        Assert.True(error.RelativeL2 <= bound, $"{draw}: {kernel}, head {pair}: relative L2 {error.RelativeL2:g4} from the recipe in double; bound {bound:g4}");
        for (int row = pair * shape.QueryLength; row < (pair + 1) * shape.QueryLength; row++)
        {
            double wanted = recipe.LogSumExp[row];
            double tolerance = (1e-3 * Math.Max(1, Math.Abs(wanted))) + Math.ScaleB(largest, -20);
            Assert.True(
                wanted.Equals(logSumExp[row]) || Math.Abs(wanted - logSumExp[row]) <= tolerance,
                $"{draw}: {kernel}: log-sum-exp of row {row} is {logSumExp[row]}, in double {wanted}");
        }

        log.WriteLine($"{draw.Seed} {kernel} {error.RelativeL2:g3} of {bound:g3}");
    }
}
