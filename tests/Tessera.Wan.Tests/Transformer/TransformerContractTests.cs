using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.Autoencoder;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.SelfAttention;
using Tessera.Wan.Transformer;
using Xunit;

namespace Tessera.Wan.Tests.Transformer;

public sealed class TransformerContractTests
{
    private static readonly LatentShape Shape = new(3, 8, 10);

    [Fact]
    public void Calls_tell_where_they_stand()
    {
        using RandomTransformer random = new(RandomTransformer.SmallConfig, Shape);
        using TransformerContext text = random.Text();
        using StubSelfAttention attention = new(new DenseSelfAttention());
        List<int> done = [];
        float[] velocity = new float[random.Latent.Length];
        TransformerTimes times = random.Model.Forward(
            random.Inputs(text, GuidanceBranch.Unconditional), attention, velocity, layersDone: new Reports(done));
        Assert.Equal([1, 2], done);
        Assert.Equal([0, 1], attention.Calls.Select(static call => call.Step.Layer));
        Assert.All(attention.Calls, static call =>
        {
            Assert.Equal((2, 7, 2, 0.25), (call.Step.Step, call.Step.StepCount, call.Step.LayerCount, call.Step.NoiseTime));
            Assert.Equal((GuidanceBranch.Unconditional, new TokenGrid(3, 4, 5), null), (call.Branch, call.Grid, call.Order));
        });
        Assert.Equal(
            times.Total, times.Linears + times.SelfAttention + times.CrossAttention + times.Elementwise + times.Ends);
        Assert.True(times.Linears > TimeSpan.Zero && times.SelfAttention > TimeSpan.Zero && times.CrossAttention > TimeSpan.Zero);
        Assert.Equal(times.Total * 2, (times + times).Total);
    }

    [Fact]
    public void Dense_attention_answers_the_same_in_every_order_of_tokens()
    {
        using RandomTransformer random = new(RandomTransformer.SmallConfig, Shape);
        using TransformerContext text = random.Text();
        using DenseSelfAttention dense = new();
        float[] natural = random.Velocity(dense, text);
        foreach (AxisOrder axes in AxisOrder.All)
        {
            TokenOrder order = TokenOrder.ForAxisOrder(WanTransformer.GridOf(Shape), axes);
            using StubSelfAttention reordered = new(new DenseSelfAttention(), order);
            float[] velocity = random.Velocity(reordered, text);
            Assert.True(Golden.LargestDifference(natural, velocity) <= 2e-5, $"order {axes}");
            Assert.All(reordered.Calls, call => Assert.Same(order, call.Order));
        }
    }

    [Fact]
    public void Schedules_that_share_an_order_give_the_same_in_either_storage()
    {
        using RandomTransformer random = new(RandomTransformer.SmallConfig, new LatentShape(5, 14, 10));
        using TransformerContext text = random.Text();
        TokenGrid grid = WanTransformer.GridOf(random.Shape);
        TokenOrder order = TokenOrder.ForAxisOrder(grid, AxisOrder.Parse("HWF"));
        AttentionShape shape = new(1, 3, grid.Tokens, grid.Tokens, 16);
        BlockMaskBuilder builder = new(1, grid.Tokens, grid.Tokens, BlockSize.Default);
        builder.KeepBand(0, 1);
        AttentionPlan sparse = AttentionPlan.Dense(shape) with { Name = "band", Grid = grid, Orders = [order], Mask = builder.Build() };
        PlanSchedule schedule = PlanSchedule.ByStepsAndLayers("test", [[AttentionPlan.Dense(shape), sparse]]);
        KernelSettings settings = new(new BackendSelector([CpuBackend.Shared]));
        using ScheduledSelfAttention stored = new(schedule, settings);
        Assert.Equal(order, stored.StorageOrder(grid));
        float[] expected;
        using (StubSelfAttention natural = new(new ScheduledSelfAttention(schedule, settings)))
        {
            expected = random.Velocity(natural, text);
        }

        // Attention gives the same bits, see StoredPlansTests; products may round the last rows of a tile in another way.
        Assert.True(Golden.LargestDifference(expected, random.Velocity(stored, text)) <= 2e-6);
        using DenseSelfAttention dense = new();
        Assert.True(Golden.LargestDifference(random.Velocity(dense, text), expected) > 1e-3, "the schedule changes nothing");
    }

    [Fact]
    public void Prompts_of_any_length_count_all_their_padding()
    {
        // Rows of zeros that are given as a prompt are what padding stands for.
        using RandomTransformer random = new(RandomTransformer.SmallConfig, Shape);
        using DenseSelfAttention dense = new();
        float[] full = new float[8 * 12];
        random.TextRows.CopyTo(full, 0);
        using TransformerContext padded = random.Text();
        using TransformerContext written = random.Model.EncodeText(full, 8);
        using TransformerContext empty = random.Text(0);
        using TransformerContext zeros = random.Model.EncodeText(new float[8 * 12], 8);
        Assert.Equal((3, 5, 4), (padded.PromptRows, padded.PaddingRows, padded.Rows));
        Assert.Equal((8, 0, 8), (written.PromptRows, written.PaddingRows, written.Rows));
        float[] expected = random.Velocity(dense, written);
        Assert.True(Golden.LargestDifference(expected, random.Velocity(dense, padded)) <= 2e-5);
        Assert.True(Golden.LargestDifference(random.Velocity(dense, zeros), random.Velocity(dense, empty)) <= 2e-5);
        Assert.True(Golden.LargestDifference(expected, random.Velocity(dense, zeros)) > 1e-2);
    }

    [Fact]
    public void Shapes_may_change_from_one_forward_to_the_next()
    {
        using RandomTransformer small = new(RandomTransformer.SmallConfig, Shape);
        using RandomTransformer large = new(RandomTransformer.SmallConfig, new LatentShape(4, 12, 14));
        using TransformerContext text = small.Text();
        using TransformerContext largeText = large.Text();
        using DenseSelfAttention dense = new();
        float[] first = small.Velocity(dense, text);
        float[] wide = new float[large.Latent.Length];
        _ = small.Model.Forward(large.Inputs(text), dense, wide);
        NumericAssert.BitwiseEqual(large.Velocity(dense, largeText), wide);
        NumericAssert.BitwiseEqual(first, small.Velocity(dense, text));
    }

    [Theory]
    [InlineData("blocks.1.self_attn.q.weight")]
    [InlineData("blocks.0.self_attn.v.weight")]
    [InlineData("blocks.1.ffn.2.weight")]
    [InlineData("blocks.0.modulation")]
    [InlineData("head.head.weight")]
    [InlineData("patch_embedding.weight")]
    [InlineData("time_embedding.2.bias")]
    public void Weights_that_are_not_finite_are_named(string name)
    {
        using RandomTransformer random = new(RandomTransformer.SmallConfig, Shape, name);
        using TransformerContext text = random.Text();
        using DenseSelfAttention dense = new();
        string message = Assert.Throws<CheckpointFormatException>(() => random.Velocity(dense, text)).Message;
        Assert.Contains($"tensor '{name}' holds NaN at element 3", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("blocks.1.cross_attn.k.weight")]
    [InlineData("blocks.0.cross_attn.v.weight")]
    [InlineData("text_embedding.0.weight")]
    public void Weights_of_the_text_that_are_not_finite_are_named(string name)
    {
        using RandomTransformer random = new(RandomTransformer.SmallConfig, Shape, name);
        string message = Assert.Throws<CheckpointFormatException>(() => random.Text().Dispose()).Message;
        Assert.Contains($"tensor '{name}' holds NaN at element 3", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Inputs_that_do_not_fit_are_refused()
    {
        using RandomTransformer random = new(RandomTransformer.SmallConfig, Shape);
        using TransformerContext text = random.Text();
        using DenseSelfAttention dense = new();
        float[] velocity = new float[random.Latent.Length];
        Assert.Throws<ArgumentException>(() => random.Model.Forward(random.Inputs(text), dense, velocity.AsSpan(1)));
        string message = Assert.Throws<ArgumentException>(() => WanTransformer.GridOf(new LatentShape(3, 7, 10))).Message;
        Assert.Contains("divisible by 16", message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => random.Model.EncodeText(random.TextRows, 2));
        Assert.Throws<ArgumentException>(() => random.Model.EncodeText(new float[9 * 12], 9));
        Assert.Throws<ArgumentException>(() => random.Model.EncodeText([.. Enumerable.Repeat(float.NaN, 12)], 1));
        random.Latent[5] = float.NaN;
        message = Assert.Throws<ArgumentException>(() => random.Velocity(dense, text)).Message;
        Assert.Contains("latent", message, StringComparison.Ordinal);
        random.Latent[5] = 0;
        using RandomTransformer other = new(RandomTransformer.SmallConfig with { Layers = 1 }, Shape);
        Assert.Throws<ArgumentException>(() => other.Velocity(dense, text));
        text.Dispose();
        Assert.Throws<ObjectDisposedException>(() => random.Velocity(dense, text));
    }

    [Fact]
    public void Cancelling_stops_before_the_next_layer()
    {
        using RandomTransformer random = new(RandomTransformer.SmallConfig, Shape);
        using TransformerContext text = random.Text();
        using CancellationTokenSource source = new();
        using StubSelfAttention attention = new(new DenseSelfAttention()) { BeforeCall = _ => source.Cancel() };
        Assert.Throws<OperationCanceledException>(
            () => random.Model.Forward(random.Inputs(text), attention, new float[random.Latent.Length], cancellationToken: source.Token));
        Assert.Single(attention.Calls);
        Assert.Throws<OperationCanceledException>(
            () => random.Model.EncodeText(random.TextRows, 3, new CancellationToken(canceled: true)).Dispose());

        // What was interrupted leaves nothing behind.
        using DenseSelfAttention dense = new();
        using RandomTransformer fresh = new(RandomTransformer.SmallConfig, Shape);
        using TransformerContext freshText = fresh.Text();
        NumericAssert.BitwiseEqual(fresh.Velocity(dense, freshText), random.Velocity(dense, text));
    }

    [Fact]
    public void Other_models_are_refused_by_name()
    {
        using RandomTransformer random = new(RandomTransformer.SmallConfig, Shape);
        SafetensorsWriter writer = new();
        foreach (TensorSpecification tensor in RandomTransformer.SmallConfig.Tensors())
        {
            long[] shape = tensor.Name == "patch_embedding.weight" ? [48, 36, 1, 2, 2] : [.. tensor.Shape];
            writer.Add<float>(tensor.Name, shape, new float[shape.Aggregate(1L, static (product, extent) => product * extent)]);
        }

        string path = Path.Combine(Path.GetTempPath(), $"tessera-{Guid.NewGuid():n}.safetensors");
        try
        {
            writer.Save(path);
            string message = Assert.Throws<CheckpointFormatException>(
                () => WanWeights.OpenTransformer(path, RandomTransformer.SmallConfig)).Message;
            Assert.Contains("image-to-video", message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private sealed class Reports(List<int> values) : IProgress<int>
    {
        public void Report(int value) => values.Add(value);
    }
}
