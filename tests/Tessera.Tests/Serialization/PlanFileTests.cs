using System.Text.Json.Nodes;
using Tessera.Attention;
using Tessera.Backends.Reference;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Masks.Mods;
using Tessera.Quantization;
using Tessera.Serialization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Serialization;

public sealed class PlanFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tessera-").FullName;

    private string FilePath => Path.Combine(_folder, "plan.safetensors");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_dense_plan_survives()
    {
        AttentionPlan plan = AttentionPlan.Dense(new AttentionShape(2, 3, 100, 70, 48), new BlockSize(32, 16)) with
        {
            Scale = 0.1,
            Normalization = SoftmaxNormalization.WholeRow,
            ProbabilitySkipThreshold = double.PositiveInfinity,
        };
        string hash = PlanFile.Of(plan, "a \"model\"").Save(FilePath);
        PlanFile loaded = PlanFile.Load(FilePath, plan.Shape);
        PlanFileAssert.Equal(plan, Assert.Single(loaded.Schedule.Plans));
        Assert.Equal((hash, "a \"model\""), (loaded.Hash, loaded.Model));
        Assert.Equal(hash, (loaded with { Hash = null }).ComputeHash());
        Assert.Equal(64, hash.Length);
    }

    [Theory]
    [InlineData("5x9x10")]
    [InlineData("5x9x10+7@front")]
    [InlineData("3x7x5+11@back")]
    public void Orders_masks_and_functors_survive_on_odd_grids(string gridText)
    {
        TokenGrid grid = TokenGrid.Parse(gridText);
        AttentionPlan plan = Sample(grid);
        float[] mass = [.. Enumerable.Range(0, plan.Shape.Heads).Select(head => 1f / (head + 2))];
        new PlanFile
        {
            Schedule = PlanSchedule.Constant(plan),
            Properties = new Dictionary<string, string> { ["z"] = "1", ["a"] = "名前" },
            KeptMass = mass,
        }.Save(FilePath);
        PlanFile loaded = PlanFile.Load(FilePath, plan.Shape, grid);
        PlanFileAssert.Equal(plan, loaded.Schedule.Plans[0]);
        Assert.Equal(mass, loaded.KeptMass);
        Assert.Equal("名前", loaded.Properties["a"]);
    }

    [Fact]
    public void Padded_tile_orders_survive_and_padding_rows_may_be_empty()
    {
        TokenGrid grid = new(3, 5, 7);
        TileLayout layout = new(grid, new TileShape(2, 4, 4), 32);
        TokenOrder padded = new([.. layout.Order.TokenAtSlot, .. Enumerable.Repeat(TokenOrder.Padding, 64)], "tile-with-tail", 32);
        BlockMaskBuilder builder = new(1, padded.Slots, padded.Slots, new BlockSize(32, 32));
        for (int row = 0; row < builder.QueryBlocks; row++)
        {
            if (padded.TokenAt(row * 32) != TokenOrder.Padding)
            {
                builder.KeepRange(0, row, row / 2, row + 1);
            }
        }

        AttentionPlan plan = new()
        {
            Name = "tiles",
            Shape = new AttentionShape(1, 4, grid.Tokens, grid.Tokens, 16),
            Grid = grid,
            Orders = [padded],
            Mask = builder.Build(),
            Recipe = KnownRecipes.Fps(new TileShape(2, 4, 4)),
        };
        PlanFile.Of(plan).Save(FilePath);
        PlanFileAssert.Equal(plan, PlanFile.Load(FilePath).Schedule.Plans[0]);
    }

    [Fact]
    public void Axis_orders_are_one_byte_and_equal_parts_are_stored_once()
    {
        TokenGrid grid = new(4, 6, 5);
        AttentionPlan plan = new()
        {
            Name = "axes",
            Shape = new AttentionShape(1, 4, 120, 120, 8),
            Grid = grid,
            Orders = [TokenOrder.ForAxisOrder(grid, new(4)), TokenOrder.ForAxisOrder(grid, new(2)), TokenOrder.ForAxisOrder(grid, new(4)), TokenOrder.Identity(120)],
            Mask = BlockMask.Dense(120, 120, BlockSize.Default),
        };
        AttentionPlan twin = plan with { Name = "twin", Mask = BlockMask.Dense(120, 120, BlockSize.Default), Recipe = KnownRecipes.Int8 };
        new PlanFile { Schedule = PlanSchedule.BySteps("two", [plan, twin, plan]) }.Save(FilePath);
        using (SafetensorsFile file = SafetensorsFile.Open(FilePath))
        {
            Assert.Equal([4, 2, 0], file.ReadArray<byte>("order.axis"));
            Assert.Equal(["density", "mask.0.full", "order.axis", "schedule.table"], file.Tensors.Select(tensor => tensor.Name).Order());
            Assert.Equal([3UL, 3UL], file.ReadArray<ulong>("mask.0.full"));
        }

        PlanFile loaded = PlanFile.Load(FilePath);
        PlanFileAssert.Equal(plan, loaded.Schedule.Plans[0]);
        PlanFileAssert.Equal(twin, loaded.Schedule.Plans[1]);
        Assert.Same(loaded.Schedule.Plans[0].Mask, loaded.Schedule.Plans[1].Mask);
        Assert.Same(loaded.Schedule.Plans[0].Orders[0], loaded.Schedule.Plans[0].Orders[2]);
        Assert.Equal([0, 1, 0], loaded.Schedule.Table.ToArray());
    }

    [Fact]
    public void Schedules_by_noise_and_by_layers_choose_the_same_plans_after_loading()
    {
        AttentionShape shape = new(1, 1, 64, 64, 8);
        AttentionPlan[] plans = [.. Enumerable.Range(0, 3).Select(i => AttentionPlan.Dense(shape) with { Name = $"p{i}", Scale = 0.1 * (i + 1) })];
        PlanSchedule[] schedules =
        [
            PlanSchedule.ByNoise("noise", [plans[0], plans[1], plans[0]], [0.8, 0.2]).WithDense(plans[2], new DensePolicy(2, 1)),
            PlanSchedule.ByStepsAndLayers("layers", [[plans[0], plans[1]], [plans[2], plans[2]]]),
        ];
        foreach (PlanSchedule schedule in schedules)
        {
            new PlanFile { Schedule = schedule }.Save(FilePath);
            PlanSchedule loaded = PlanFile.Load(FilePath).Schedule;
            Assert.Equal(schedule.ToString(), loaded.ToString());
            for (int step = 0; step < 20; step++)
            {
                for (int layer = 0; layer < 2; layer++)
                {
                    StepContext context = new(step, 20, layer, 2);
                    Assert.Equal(schedule[context].Name, loaded[context].Name);
                }
            }
        }
    }

    [Fact]
    public void Every_recipe_survives()
    {
        QuantizationRecipe custom = new()
        {
            Name = "custom",
            Query = new(NumberFormat.Int4, QuantizationGranularity.PerThread, 32),
            Key = new(NumberFormat.BFloat16),
            Probability = new(NumberFormat.Float8E5M2, ProbabilityReference.TileMaximum, SoftmaxDenominator.Quantized, CodeRounding.Nearest, 0.1f),
            Value = new(NumberFormat.Int7, QuantizationGranularity.PerChannel, 48),
            SmoothQuery = true,
            SmoothValue = true,
            Hadamard = true,
        };
        foreach (QuantizationRecipe recipe in KnownRecipes.All.Append(custom))
        {
            PlanFile.Of(AttentionPlan.Dense(new AttentionShape(1, 1, 8, 8, 4)) with { Recipe = recipe }).Save(FilePath);
            Assert.Equal(recipe, PlanFile.Load(FilePath).Schedule.Plans[0].Recipe);
        }
    }

    [Fact]
    public void Equal_content_gives_equal_bytes()
    {
        PlanFile.Of(Sample(new TokenGrid(5, 9, 10))).Save(FilePath);
        byte[] first = File.ReadAllBytes(FilePath);
        PlanFile.Load(FilePath).Save(FilePath);
        Assert.Equal(first, File.ReadAllBytes(FilePath));
    }

    [Fact]
    public void A_loaded_plan_computes_the_same_bits()
    {
        TokenGrid grid = new(3, 4, 5, 6, TextPlacement.Back);
        AttentionPlan plan = Sample(grid) with { Recipe = KnownRecipes.Int8 };
        PlanFile.Of(plan).Save(FilePath);
        SeededInputs inputs = SeededInputs.Normal(plan.Shape);
        float[][] outputs = new float[2][];
        for (int i = 0; i < 2; i++)
        {
            outputs[i] = new float[inputs.Query.Length];
            using IAttentionKernel kernel = ReferenceBackend.Shared.Compile(i == 0 ? plan : PlanFile.Load(FilePath).Schedule.Plans[0]);
            kernel.Run(inputs.Inputs, new System.Numerics.Tensors.TensorSpan<float>(outputs[i], [plan.Shape.Batch, plan.Shape.Heads, plan.Shape.QueryLength, plan.Shape.HeadDim]));
        }

        Assert.Equal(outputs[0], outputs[1]);
        Assert.Contains(outputs[0], value => value != 0);
    }

    [Fact]
    public void Another_shape_or_grid_is_refused_with_both_named()
    {
        TokenGrid grid = new(5, 9, 10);
        PlanFile.Of(Sample(grid)).Save(FilePath);
        PlanMismatchException shape = Assert.Throws<PlanMismatchException>(() => PlanFile.Load(FilePath, new AttentionShape(1, 3, 451, 451, 16)));
        Assert.Contains("[1, 3, 450, 16]", shape.Message, StringComparison.Ordinal);
        Assert.Contains("[1, 3, 451, 16]", shape.Message, StringComparison.Ordinal);
        PlanMismatchException other = Assert.Throws<PlanMismatchException>(() => PlanFile.Load(FilePath, new AttentionShape(1, 3, 450, 450, 16), new TokenGrid(9, 5, 10)));
        Assert.Contains("5x9x10", other.Message, StringComparison.Ordinal);
        Assert.Contains("9x5x10", other.Message, StringComparison.Ordinal);
        PlanFile.Load(FilePath, new AttentionShape(7, 3, 450, 450, 16), grid);
    }

    [Fact]
    public void An_empty_row_is_refused_with_head_and_row_when_saving_and_when_loading()
    {
        BlockMaskBuilder builder = new(2, 200, 200, BlockSize.Default);
        builder.KeepAll();
        builder[1, 2, 0] = builder[1, 2, 1] = builder[1, 2, 2] = builder[1, 2, 3] = BlockCoverage.Empty;
        AttentionPlan plan = AttentionPlan.Dense(new AttentionShape(1, 2, 200, 200, 8)) with { Name = "holed", Mask = builder.Build() };
        PlanMismatchException saving = Assert.Throws<PlanMismatchException>(() => PlanFile.Of(plan).Save(FilePath));
        Assert.Contains("Plan 'holed': block row 2 of head 1 keeps no block", saving.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder));
        builder.KeepAll();
        PlanFile.Of(plan with { Mask = builder.Build() }).Save(FilePath);
        PlanFileForger.Rewrite(FilePath, tensor: ("mask.0.full", bytes => bytes.AsSpan(6 * 8, 8).Clear()));
        PlanMismatchException loading = Assert.Throws<PlanMismatchException>(() => PlanFile.Load(FilePath));
        Assert.Contains("block row 2 of head 1 keeps no block", loading.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_version_and_other_files_are_refused()
    {
        PlanFile.Of(AttentionPlan.Dense(new AttentionShape(1, 1, 8, 8, 4))).Save(FilePath);
        PlanFileForger.Rewrite(FilePath, version: "2");
        PlanMismatchException version = Assert.Throws<PlanMismatchException>(() => PlanFile.Load(FilePath));
        Assert.Contains("version 2; this program reads version 1", version.Message, StringComparison.Ordinal);
        SafetensorsWriter other = new();
        other.Add<float>("weight", [1], new float[1]);
        other.Save(FilePath);
        Assert.Contains("no plan file", Assert.Throws<TensorFormatException>(() => PlanFile.Load(FilePath)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_changed_byte_is_found()
    {
        PlanFile.Of(AttentionPlan.Dense(new AttentionShape(1, 2, 200, 200, 8))).Save(FilePath);
        byte[] valid = File.ReadAllBytes(FilePath);
        Random random = new(9);
        int hashes = 0;
        for (int at = 0; at < valid.Length; at++)
        {
            byte[] damaged = (byte[])valid.Clone();
            damaged[at] ^= (byte)(1 << random.Next(8));
            Exception? error = Record.Exception(() => PlanFileForger.Load(damaged));
            // White space that pads the header carries nothing.
            Assert.True(error is TensorFormatException or PlanMismatchException || (valid[at] == ' ' && error is null), $"byte {at}: {error}");
            hashes += error?.Message.Contains("SHA-256", StringComparison.Ordinal) == true ? 1 : 0;
        }

        Assert.True(hashes > valid.Length / 4, $"{hashes} of {valid.Length}");
    }

    [Theory]
    [InlineData("plans.0.mask", "7")]
    [InlineData("plans.0.mask", "-1")]
    [InlineData("plans.0.orders", "[99]")]
    [InlineData("plans.0.recipe.query.format", "\"Int9\"")]
    [InlineData("plans.0.recipe.query.format", "\"5\"")]
    [InlineData("plans.0.recipe.query.tile", "[1]")]
    [InlineData("plans.0.normalization", "\"Both\"")]
    [InlineData("plans.0", "null")]
    [InlineData("plans.0.recipe", "null")]
    [InlineData("plans", "[]")]
    [InlineData("shape", "[1, 2]")]
    [InlineData("shape", "[1, 3, 0, 0, 16]")]
    [InlineData("shape", "[1, 3, 449, 449, 16]")]
    [InlineData("schedule.axis", "\"Steps\"")]
    [InlineData("schedule.densePlan", "0")]
    [InlineData("orders.0.grid", "\"4096x4096x4096\"")]
    [InlineData("orders.0.grid", "\"1024x1024x1024\"")]
    [InlineData("orders.0.slots", "2147483647")]
    [InlineData("orders.0.alignment", "0")]
    [InlineData("masks.0.heads", "0")]
    [InlineData("masks.0.heads", "2")]
    [InlineData("masks.0.querySlots", "2147483647")]
    [InlineData("masks.0.queryBlock", "0")]
    [InlineData("masks.0.predicate.name", "\"system\"")]
    [InlineData("masks.0.predicate.first", "null")]
    [InlineData("masks.0.predicate.first.integers", "[-1]")]
    [InlineData("masks.0.predicate.second.first.grid", "\"1x1x1\"")]
    [InlineData("plans.0.scoreModifier.values", "[0]")]
    [InlineData("plans.0.scale", "\"NaN\"")]
    [InlineData("extra", "1")]
    public void Forged_headers_with_a_right_hash_are_refused(string path, string json)
    {
        PlanFile.Of(Sample(new TokenGrid(5, 9, 10)) with { ScoreModifier = ScoreModifier.Of(new SoftCap(30)) }).Save(FilePath);
        PlanFileForger.Rewrite(FilePath, header: header => PlanFileForger.Replace(header, path, JsonNode.Parse(json)));
        Exception? error = Record.Exception(() => PlanFile.Load(FilePath));
        Assert.True(error is TensorFormatException or PlanMismatchException, $"{error}");
    }

    [Fact]
    public void Thousands_of_damaged_headers_with_a_right_hash_give_the_two_exceptions_or_a_plan()
    {
        PlanFile.Of(Sample(new TokenGrid(2, 3, 4))).Save(FilePath);
        byte[] valid = File.ReadAllBytes(FilePath);
        ByteMutator mutator = new(31);
        int refused = 0;
        for (int i = 0; i < 4_000; i++)
        {
            byte[] damaged = PlanFileForger.Rewrite(valid, header: header => System.Text.Encoding.UTF8.GetString(mutator.Mutate(System.Text.Encoding.UTF8.GetBytes(header))));
            Exception? error = Record.Exception(() => PlanFileForger.Load(damaged));
            Assert.True(error is null or TensorFormatException or PlanMismatchException, $"{error}");
            refused += error is null ? 0 : 1;
        }

        Assert.InRange(refused, 2_000, 3_990);
    }

    [Fact]
    public void Foreign_functors_are_refused_by_name()
    {
        BlockMaskBuilder builder = new(1, 64, 64, BlockSize.Default);
        builder[0, 0, 0] = BlockCoverage.Partial;
        AttentionPlan plan = AttentionPlan.Dense(new AttentionShape(1, 1, 64, 64, 8)) with { Mask = builder.Build(MaskPredicate.Of(new And<Causal, Even>(new Causal(), default))) };
        NotSupportedException error = Assert.Throws<NotSupportedException>(() => PlanFile.Of(plan).Save(FilePath));
        Assert.Contains("even keys (Even) is code", error.Message, StringComparison.Ordinal);
    }

    private static AttentionPlan Sample(TokenGrid grid)
    {
        const int Heads = 3;
        BlockMaskBuilder builder = new(Heads, grid.Tokens, grid.Tokens, new BlockSize(16, 8));
        Random random = new(grid.Tokens);
        for (int head = 0; head < Heads; head++)
        {
            for (int row = 0; row < builder.QueryBlocks; row++)
            {
                for (int column = 0; column < builder.KeyBlocks; column++)
                {
                    builder[head, row, column] = (BlockCoverage)random.Next(3);
                }

                builder.Keep(head, row, random.Next(builder.KeyBlocks));
            }
        }

        return new AttentionPlan
        {
            Name = "sample",
            Shape = new AttentionShape(1, Heads, grid.Tokens, grid.Tokens, 16),
            Grid = grid,
            Orders = [TokenOrder.ForAxisOrder(grid, new AxisOrder(3)), GridOrders.Hilbert(grid), GridOrders.Morton(grid)],
            Mask = builder.Build(MaskPredicate.Of(new Or<SlidingWindow, Not<SpatialBand>>(new SlidingWindow(20), new Not<SpatialBand>(new SpatialBand(grid, 1))))),
            Recipe = KnownRecipes.Int8,
        };
    }

    private readonly record struct Even : IMaskMod
    {
        public bool Allows(TokenPair pair) => pair.Key % 2 == 0;

        public override string ToString() => "even keys";
    }
}
