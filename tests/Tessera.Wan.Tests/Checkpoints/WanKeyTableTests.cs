using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.Checkpoints;
using Xunit;

namespace Tessera.Wan.Tests.Checkpoints;

public sealed class WanKeyTableTests
{
    private const string Original = "wan/pipeline_tiny/original";
    private const string Diffusers = "wan/pipeline_tiny/diffusers";

    [Fact]
    public void Every_tensor_of_every_part_has_one_name_in_every_layout()
    {
        CheckRoundTrip(WanKeyTables.DiffusersTransformer, WanTransformerConfig.Large.Tensors());
        CheckRoundTrip(WanKeyTables.RepackagedTransformer, WanTransformerConfig.Small.Tensors());
        CheckRoundTrip(WanKeyTables.TransformersTextEncoder, Umt5Config.ExtraExtraLarge.Tensors());
        CheckRoundTrip(WanKeyTables.DiffusersVae, new WanVaeConfig().Tensors());
    }

    [Theory]
    [InlineData("blocks.7.norm3.weight", "blocks.7.norm2.weight")]
    [InlineData("blocks.7.modulation", "blocks.7.scale_shift_table")]
    [InlineData("head.modulation", "scale_shift_table")]
    [InlineData("blocks.7.cross_attn.o.bias", "blocks.7.attn2.to_out.0.bias")]
    [InlineData("patch_embedding.weight", "patch_embedding.weight")]
    public void Names_of_the_transformer_that_are_easily_confused(string model, string file) =>
        Assert.Equal(file, WanKeyTables.DiffusersTransformer.ToFile(model));

    [Theory]
    [InlineData("decoder.upsamples.3.time_conv.weight", "decoder.up_blocks.0.upsamplers.0.time_conv.weight")]
    [InlineData("decoder.upsamples.4.shortcut.bias", "decoder.up_blocks.1.resnets.0.conv_shortcut.bias")]
    [InlineData("decoder.upsamples.14.residual.6.weight", "decoder.up_blocks.3.resnets.2.conv2.weight")]
    [InlineData("encoder.downsamples.10.residual.3.gamma", "encoder.down_blocks.10.norm2.gamma")]
    [InlineData("conv1.weight", "quant_conv.weight")]
    public void Names_of_the_autoencoder_that_are_easily_confused(string model, string file) =>
        Assert.Equal(file, WanKeyTables.DiffusersVae.ToFile(model));

    [DataFact($"{Diffusers}/model_index.json", isFixture: true)]
    public void Both_layouts_of_a_recorded_model_hold_the_same_tensors()
    {
        WanCheckpoint original = WanCheckpoint.Find(Path.Combine(TestRoots.Fixtures, Original));
        WanCheckpoint diffusers = WanCheckpoint.Find(Path.Combine(TestRoots.Fixtures, Diffusers));
        Assert.Empty(original.Missing);
        Assert.Empty(diffusers.Missing);
        Assert.True(diffusers.IsDiffusers && !original.IsDiffusers && diffusers.SchedulerConfigPath is not null);
        CheckSame(original.OpenTransformer().Weights, diffusers.OpenTransformer().Weights);
        CheckSame(original.OpenTextEncoder().Weights, diffusers.OpenTextEncoder().Weights);
        CheckSame(original.OpenVae().Weights, diffusers.OpenVae().Weights);
        Assert.Equal(original.OpenTokenizer().Encode("a red boat"), diffusers.OpenTokenizer().Encode("a red boat"));
    }

    private static void CheckRoundTrip(KeyTable keys, IEnumerable<TensorSpecification> tensors)
    {
        HashSet<string> files = [];
        foreach (TensorSpecification tensor in tensors)
        {
            string file = keys.ToFile(tensor.Name);
            Assert.True(files.Add(file), $"{file} has two meanings");
            Assert.Equal(tensor.Name, keys.ToModel(file, out _));
        }
    }

    private static void CheckSame(Checkpoint first, Checkpoint second)
    {
        using (first)
        using (second)
        {
            Assert.NotEqual(first.Layout, second.Layout);
            Assert.Equal(first.Names.Order(), second.Names.Order());
            foreach (string name in first.Names)
            {
                (StoredTensor a, StoredTensor b) = (first[name], second[name]);
                Assert.Equal(a.Shape, b.Shape);
                Assert.Equal(a.ReadSingle(), b.ReadSingle());
            }
        }
    }
}
