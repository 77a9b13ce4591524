using Tessera.Attention;
using Tessera.Backends.Reference;
using Tessera.Fidelity;
using Tessera.Layout;
using Tessera.Methods;
using Tessera.Methods.Dense;
using Tessera.Methods.Sage;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Methods;

public sealed class KnownMethodsTests
{
    public static TheoryData<string> Static => ["dense", "fps", "sta", "svg", "sparge", "sage"];

    [Theory]
    [MemberData(nameof(Static))]
    public void Every_method_plans_what_it_says(string name)
    {
        TokenGrid grid = new(5, 9, 10, 6, TextPlacement.Back);
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(1, 2, grid.Tokens, grid.Tokens, 16));
        IAttentionMethod method = KnownMethods.Create(name, density: 0.9);
        Assert.Equal(name, method.Name);
        AttentionPlan plan = method.Plan(inputs.Inputs, new PlanningContext(grid) { BlockSize = new(16, 16) });
        plan.Validate();
        Assert.InRange(plan.Mask.Density, 0.1, name is "dense" or "sage" ? 1.0 : 0.9);
        MethodDescription description = method.Describe();
        Assert.Contains("arXiv", description.Citation, StringComparison.Ordinal);
        Assert.NotEmpty(description.Departures);
        ReferenceResult result = ReferenceAttention.Compute(plan, inputs.Inputs);
        Assert.All(result.Output, value => Assert.True(double.IsFinite(value)));
    }

    [Theory]
    [MemberData(nameof(Static))]
    public void A_recipe_of_the_call_wins(string name)
    {
        TokenGrid grid = new(3, 4, 5);
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(1, 2, grid.Tokens, grid.Tokens, 16));
        AttentionPlan plan = KnownMethods.Create(name).Plan(inputs.Inputs, new PlanningContext(grid) { Recipe = KnownRecipes.Int8, Scale = 0.5 });
        Assert.Same(KnownRecipes.Int8, plan.Recipe);
        Assert.Equal(0.5, plan.Scale);
    }

    [Fact]
    public void Unknown_names_and_missing_readers_are_told()
    {
        Assert.Contains("dense", Assert.Throws<ArgumentException>(() => KnownMethods.Create("flash")).Message, StringComparison.Ordinal);
        Assert.Contains("map reader", Assert.Throws<ArgumentException>(() => KnownMethods.Create("paro")).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => KnownMethods.Create("sta", 0));
    }

    [Fact]
    public void Sage_variants_carry_their_recipes()
    {
        Assert.Same(KnownRecipes.Sage, new SageOptions { Variant = SageVariant.Sage }.Recipe);
        Assert.Same(KnownRecipes.Sage2, new SageOptions().Recipe);
        Assert.Same(KnownRecipes.SageInt8Value, new SageOptions { Variant = SageVariant.Int8Value }.Recipe);
        QuantizationRecipe rough = new SageOptions { SmoothKey = false, SmoothQuery = true }.Recipe;
        Assert.Equal("sage2-rough-k-smooth-q", rough.Name);
        Assert.False(rough.SmoothKey);
    }

    // The published order: without K smoothing a biased K costs SageAttention an order of magnitude.
    [Fact]
    public void Smoothing_rescues_biased_keys()
    {
        AttentionShape shape = new(1, 2, 256, 256, 64);
        SeededInputs inputs = SeededInputs.Biased(shape);
        PlanningContext context = new(new TokenGrid(4, 8, 8));
        double[] exact = ReferenceAttention.Dense(inputs.Inputs).Output;
        double smooth = Error(new SageMethod(new SageOptions { Variant = SageVariant.Sage }));
        double rough = Error(new SageMethod(new SageOptions { Variant = SageVariant.Sage, SmoothKey = false }));
        Assert.True(smooth < 0.5 * rough, $"relative L2 {smooth} smoothed, {rough} not");

        double Error(SageMethod method) => AttentionError.Compare(exact, ReferenceAttention.Compute(method.Plan(inputs.Inputs, context), inputs.Inputs).Output).RelativeL2;
    }

    [Fact]
    public void Dense_lengths_may_differ()
    {
        SeededInputs inputs = SeededInputs.Normal(new AttentionShape(1, 1, 5, 70, 8));
        AttentionPlan plan = new DenseMethod().Plan(inputs.Inputs, new PlanningContext(new TokenGrid(1, 1, 5)));
        plan.Validate();
        Assert.Equal("dense", plan.Name);
        Assert.Equal("dense-int8", new DenseMethod(new DenseOptions { Recipe = KnownRecipes.Int8 }).Plan(inputs.Inputs, new PlanningContext(new TokenGrid(1, 1, 5))).Name);
    }
}
