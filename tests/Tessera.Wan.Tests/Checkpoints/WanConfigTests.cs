using System.Text;
using Tessera.Neural.Checkpoints;
using Tessera.TestKit;
using Tessera.Wan.Checkpoints;
using Xunit;

namespace Tessera.Wan.Tests.Checkpoints;

public sealed class WanConfigTests : IDisposable
{
    private const string OriginalTransformer = "{\"_class_name\":\"WanModel\",\"_diffusers_version\":\"0.30.0\",\"dim\":1536,\"eps\":1e-06,\"ffn_dim\":8960,\"freq_dim\":256,\"in_dim\":16,\"model_type\":\"t2v\",\"num_heads\":12,\"num_layers\":30,\"out_dim\":16,\"text_len\":512}";
    private const string DiffusersTransformer = "{\"_class_name\":\"WanTransformer3DModel\",\"added_kv_proj_dim\":null,\"attention_head_dim\":128,\"cross_attn_norm\":true,\"eps\":1e-06,\"ffn_dim\":13824,\"freq_dim\":256,\"image_dim\":null,\"in_channels\":16,\"num_attention_heads\":40,\"num_layers\":40,\"out_channels\":16,\"patch_size\":[1, 2, 2],\"qk_norm\":\"rms_norm_across_heads\",\"rope_max_seq_len\":1024,\"text_dim\":4096}";
    private const string TextEncoder = "{\"model_type\":\"umt5\",\"d_model\":4096,\"d_kv\":64,\"d_ff\":10240,\"num_heads\":64,\"num_layers\":24,\"vocab_size\":256384,\"feed_forward_proj\":\"gated-gelu\",\"dense_act_fn\":\"gelu_new\",\"is_gated_act\":true}";
    private const string Vae = "{\"base_dim\":96,\"z_dim\":16,\"dim_mult\":[1,2,4,4],\"num_res_blocks\":2,\"attn_scales\":[],\"temperal_downsample\":[false,true,true]}";
    private readonly string _path = Path.GetTempFileName();

    public static TheoryData<string, string, string, string> Hostile => new()
    {
        { "dit", "\"dim\":1536", "\"dim\":-1", "'dim' is -1" },
        { "dit", "\"dim\":1536", "\"dim\":1e300", "'dim' is 1e300" },
        { "dit", "\"dim\":1536", "\"dim\":\"1536\"", "'dim' is \"1536\"" },
        { "dit", "\"dim\":1536,", "", "'dim' is missing" },
        { "dit", "\"dim\":1536", "\"dim\":1536,\"dim\":1536", "not valid JSON" },
        { "dit", "\"num_layers\":30", "\"num_layers\":1000000000", "'num_layers' is 1000000000" },
        { "dit", "\"num_heads\":12", "\"num_heads\":7", "7 heads do not share 1536" },
        { "dit", "\"t2v\"", "\"i2v\"", "'model_type' is \"i2v\", which is not implemented" },
        { "dit", "\"eps\":1e-06", "\"eps\":0", "'eps' is 0" },
        { "dit", "\"eps\":1e-06", "\"eps\":1e999", "'eps' is 1e999" },
        { "dit", "\"out_dim\":16", "\"out_dim\":8", "in_dim and out_dim differ" },
        { "dit", OriginalTransformer, "[]", "is Array, not an object" },
        { "dit", OriginalTransformer, "", "the file is empty" },
        { "dit", "\"t2v\"", "[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]", "not valid JSON" },
        { "diffusers", "\"image_dim\":null", "\"image_dim\":1280", "image-to-video" },
        { "diffusers", "[1, 2, 2]", "[2,2,2]", "'patch_size' is [2,2,2], which is not implemented; wanted [1,2,2]" },
        { "diffusers", "\"rms_norm_across_heads\"", "\"rms_norm\"", "'qk_norm'" },
        { "diffusers", "\"num_attention_heads\":40", "\"num_attention_heads\":65536", "heads are too many" },
        { "t5", "\"umt5\"", "\"t5\"", "'model_type' is \"t5\"" },
        { "t5", "\"gated-gelu\"", "\"relu\"", "'feed_forward_proj' is \"relu\"" },
        { "t5", "\"d_kv\":64", "\"d_kv\":64,\"relative_attention_num_buckets\":30", "30 buckets" },
        { "t5", "\"d_kv\":64", "\"d_kv\":64,\"relative_attention_max_distance\":8", "a distance of 8" },
        { "vae", "[1,2,4,4]", "[1,2,4]", "'dim_mult' is [1,2,4]" },
        { "vae", "\"base_dim\":96", "\"base_dim\":96,\"latents_std\":[1,2]", "'latents_std' is [1,2]; wanted 16 numbers" },
        { "vae", "\"base_dim\":96", "\"base_dim\":96,\"latents_std\":[0,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "not positive" },
    };

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Released_configurations_are_read()
    {
        File.WriteAllText(_path, OriginalTransformer);
        Assert.Equal(WanTransformerConfig.Small, WanTransformerConfig.Read(_path));
        File.WriteAllText(_path, DiffusersTransformer);
        Assert.Equal(WanTransformerConfig.Large, WanTransformerConfig.Read(_path));
        Assert.Equal(128, WanTransformerConfig.Large.HeadDim);
        File.WriteAllText(_path, TextEncoder);
        Assert.Equal(Umt5Config.ExtraExtraLarge, Umt5Config.Read(_path));
        File.WriteAllText(_path, Vae);
        Assert.Equal(96, WanVaeConfig.Read(_path).BaseDim);
    }

    /// <summary>Published tensor and parameter counts of the released models.</summary>
    [Fact]
    public void Released_models_have_their_published_parameter_counts()
    {
        Assert.Equal((825, 1_418_996_800), Count(WanTransformerConfig.Small.Tensors()));
        Assert.Equal((1095, 14_288_491_584), Count(WanTransformerConfig.Large.Tensors()));
        Assert.Equal((194, 126_892_531), Count(new WanVaeConfig().Tensors()));
        Assert.Equal((242, 5_680_910_336), Count(Umt5Config.ExtraExtraLarge.Tensors()));

        static (int, long) Count(IEnumerable<TensorSpecification> tensors) =>
            (tensors.Count(), tensors.Sum(static tensor => tensor.ElementCount));
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Damaged_and_foreign_configurations_are_refused_by_field(string kind, string field, string replacement, string wanted)
    {
        (string valid, Action<string> read) = Kind(kind);
        Assert.Contains(field, valid, StringComparison.Ordinal);
        File.WriteAllText(_path, valid.Replace(field, replacement, StringComparison.Ordinal));
        string message = Assert.Throws<CheckpointFormatException>(() => read(_path)).Message;
        Assert.Contains(wanted, message, StringComparison.Ordinal);
        Assert.StartsWith(_path, message, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_configurations_give_the_one_exception_or_sizes_that_can_be_counted()
    {
        int count = FuzzCount.Or(2000);
        int refused = 0;
        ByteMutator mutator = new(FuzzCount.Seed(31));
        for (int i = 0; i < count; i++)
        {
            (string valid, Action<string> read) = Kind(new[] { "dit", "diffusers", "t5", "vae" }[i % 4]);
            File.WriteAllBytes(_path, mutator.Mutate(Encoding.UTF8.GetBytes(valid)));
            try
            {
                read(_path);
            }
            catch (CheckpointFormatException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, count / 4, count - 1);
    }

    private static (string Valid, Action<string> Read) Kind(string kind) => kind switch
    {
        "dit" => (OriginalTransformer, static path => _ = WanTransformerConfig.Read(path).Tensors().Count()),
        "diffusers" => (DiffusersTransformer, static path => _ = WanTransformerConfig.Read(path).Tensors().Count()),
        "t5" => (TextEncoder, static path => _ = Umt5Config.Read(path).Tensors().Count()),
        _ => (Vae, static path => _ = WanVaeConfig.Read(path).Tensors().Count()),
    };
}
