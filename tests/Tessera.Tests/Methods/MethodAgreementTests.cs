using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Backends.Reference;
using Tessera.Fidelity;
using Tessera.Layout;
using Tessera.Masks.Mods;
using Tessera.Methods;
using Tessera.Methods.Flex;
using Tessera.Methods.Fps;
using Tessera.Methods.SlidingTile;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Methods;

/// <summary>Plans of each method on the fast backend against the reference in double precision, padding, per-head orders, text strips and partial blocks included.</summary>
public sealed class MethodAgreementTests
{
    private static readonly TokenGrid Plain = new(5, 9, 10);
    private static readonly TokenGrid Text = new(5, 9, 10, 77, TextPlacement.Front);

    public static TheoryData<string> Cases => [.. Plans().Select(static plan => plan.Key)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_fast_backend_agrees_with_the_reference(string name)
    {
        (AttentionPlan plan, SeededInputs inputs) = Plans()[name];
        AttentionShape shape = plan.Shape;
        float[] output = new float[shape.Heads * shape.QueryLength * shape.HeadDim];
        float[] logSumExp = new float[shape.Heads * shape.QueryLength];
        using IAttentionKernel kernel = CpuBackend.Shared.Compile(plan);
        AttentionStatistics run = kernel.Run(inputs.Inputs, new TensorSpan<float>(output, [1, shape.Heads, shape.QueryLength, shape.HeadDim]), logSumExp);
        ReferenceResult recipe = ReferenceAttention.Compute(plan, inputs.Inputs);

        Assert.Equal(plan.Mask.Density, run.Density, 12);
        NumericAssert.AllFinite(output);

        // FPSAttention's acceptance bounds for a kernel with identical codes: 2e-3 on the output, 1e-4 on the log-sum-exp. Unquantised plans have binary32 only.
        double apart = AttentionError.Compare(recipe.Output, output).RelativeL2;
        Assert.True(apart <= (plan.Recipe.IsExact ? 2e-6 : 2e-3), $"relative L2 {apart}");
        for (int row = 0; row < logSumExp.Length; row++)
        {
            Assert.InRange(logSumExp[row] - recipe.LogSumExp[row], -1e-4, 1e-4);
        }
    }

    private static Dictionary<string, (AttentionPlan Plan, SeededInputs Inputs)> Plans()
    {
        Dictionary<string, (AttentionPlan, SeededInputs)> plans = [];
        foreach (TokenGrid grid in new[] { Plain, Text })
        {
            AttentionShape shape = new(1, 2, grid.Tokens, grid.Tokens, 64);
            SeededInputs inputs = SeededInputs.Biased(shape);
            PlanningContext context = new(grid);
            void Add(string name, AttentionPlan plan) => plans.Add($"{name} on {grid}", (plan, inputs));

            Add("sta per head", new SlidingTileMethod(new SlidingTileOptions { Tile = new(2, 4, 4), Windows = [new(2, 1, 3), new(1, 3, 1)] }).Plan(inputs.Inputs, context));
            Add("sta in unequal blocks", new SlidingTileMethod(new SlidingTileOptions { Tile = new(2, 4, 4), Windows = [new(2, 1, 3)] }).Plan(inputs.Inputs, context with { BlockSize = new(128, 32) }));
            FpsOptions fps = FpsOptions.Default with { Tile = new(2, 4, 4), ScaleTiles = [new(8, 16, 16), new(2, 4, 4), new(4, 8, 8)], Windows = [new(2, 2, 1), new(2, 2, 2), new(3, 1, 2)] };
            Add("fps early", new FpsMethod(fps).Plan(inputs.Inputs, context));
            Add("fps middle", new FpsMethod(fps).Plan(inputs.Inputs, context with { Step = new StepContext(20, 50, 0, 1) }));
            Add("fps options", new FpsMethod(fps with { SmoothKey = true, Hadamard = true, ScalePerQueryRow = true, ProbabilityScale = 256, ProbabilityReference = ProbabilityReference.TileRowMaximum }).Plan(inputs.Inputs, context));
            Add("svg", KnownMethods.Create("svg", 0.5).Plan(inputs.Inputs, context));
            Add("sage", KnownMethods.Create("sage").Plan(inputs.Inputs, context));
            Add("natten in tiles", FlexAttention.Plan(shape, new Natten3D(grid, 1, 2, 2), new SoftCap(20), new FlexOptions { Grid = grid, Order = new TileLayout(grid, new TileShape(4, 4, 4), 64).Order }));
        }

        return plans;
    }
}
