using Tessera.Neural.Checkpoints;

namespace Tessera.Wan.Checkpoints;

/// <summary>
/// How the files of each layout call the tensors of each part. The original names are the model's own; shapes and values are the same
/// everywhere.
/// </summary>
/// <remarks>
/// Sources: Wan2.1, <c>wan/modules</c>; diffusers, <c>convert_wan_to_diffusers.py</c>; transformers, <c>modeling_umt5.py</c>.
/// </remarks>
public static class WanKeyTables
{
    private const string Original = "original";
    private const string Diffusers = "diffusers";

    /// <summary>What repackaged single files put before every name of the transformer.</summary>
    private const string RepackagedPrefix = "model.diffusion_model.";

    /// <summary>The transformer under original names.</summary>
    public static KeyTable OriginalTransformer { get; } = KeyTable.Identity(Original);

    /// <summary>The transformer under original names with the prefix of repackaged single files.</summary>
    public static KeyTable RepackagedTransformer { get; } = KeyTable.Identity("repackaged", RepackagedPrefix);

    /// <summary>The transformer as diffusers' <c>WanTransformer3DModel</c>.</summary>
    public static KeyTable DiffusersTransformer { get; } = new(Diffusers, TransformerRows());

    /// <summary>The text encoder under original names.</summary>
    public static KeyTable OriginalTextEncoder { get; } = KeyTable.Identity(Original);

    /// <summary>
    /// The text encoder as transformers' <c>UMT5EncoderModel</c>, whose embedding has two names of which either may be absent.
    /// </summary>
    public static KeyTable TransformersTextEncoder { get; } =
        new("transformers", TextEncoderRows(), [("token_embedding.weight", "encoder.embed_tokens.weight")]);

    /// <summary>The video autoencoder under original names.</summary>
    public static KeyTable OriginalVae { get; } = KeyTable.Identity(Original);

    /// <summary>The video autoencoder as diffusers' <c>AutoencoderKLWan</c>.</summary>
    public static KeyTable DiffusersVae { get; } = new(Diffusers, VaeRows());

    private static List<(string Model, string File)> TransformerRows()
    {
        List<(string, string)> rows =
        [
            ("time_embedding.0.*", "condition_embedder.time_embedder.linear_1.*"),
            ("time_embedding.2.*", "condition_embedder.time_embedder.linear_2.*"),
            ("text_embedding.0.*", "condition_embedder.text_embedder.linear_1.*"),
            ("text_embedding.2.*", "condition_embedder.text_embedder.linear_2.*"),
            ("time_projection.1.*", "condition_embedder.time_proj.*"),
            ("head.modulation", "scale_shift_table"),
            ("head.head.*", "proj_out.*"),
            ("blocks.#.modulation", "blocks.#.scale_shift_table"),

            // The norm before cross-attention is the third of the original and the second of diffusers.
            ("blocks.#.norm3.*", "blocks.#.norm2.*"),
            ("blocks.#.ffn.0.*", "blocks.#.ffn.net.0.proj.*"),
            ("blocks.#.ffn.2.*", "blocks.#.ffn.net.2.*"),
        ];
        foreach ((string model, string file) in new[] { ("self_attn", "attn1"), ("cross_attn", "attn2") })
        {
            rows.AddRange(
            [
                ($"blocks.#.{model}.q.*", $"blocks.#.{file}.to_q.*"),
                ($"blocks.#.{model}.k.*", $"blocks.#.{file}.to_k.*"),
                ($"blocks.#.{model}.v.*", $"blocks.#.{file}.to_v.*"),
                ($"blocks.#.{model}.o.*", $"blocks.#.{file}.to_out.0.*"),
                ($"blocks.#.{model}.norm_q.*", $"blocks.#.{file}.norm_q.*"),
                ($"blocks.#.{model}.norm_k.*", $"blocks.#.{file}.norm_k.*"),
            ]);
        }

        return rows;
    }

    private static List<(string Model, string File)> TextEncoderRows()
    {
        const string Layer = "encoder.block.#.layer";
        List<(string, string)> rows =
        [
            ("token_embedding.weight", "shared.weight"),
            ("norm.weight", "encoder.final_layer_norm.weight"),
            ("blocks.#.norm1.weight", $"{Layer}.0.layer_norm.weight"),
            ("blocks.#.norm2.weight", $"{Layer}.1.layer_norm.weight"),
            ("blocks.#.pos_embedding.embedding.weight", $"{Layer}.0.SelfAttention.relative_attention_bias.weight"),
            ("blocks.#.ffn.gate.0.weight", $"{Layer}.1.DenseReluDense.wi_0.weight"),
            ("blocks.#.ffn.fc1.weight", $"{Layer}.1.DenseReluDense.wi_1.weight"),
            ("blocks.#.ffn.fc2.weight", $"{Layer}.1.DenseReluDense.wo.weight"),
        ];
        foreach (string name in new[] { "q", "k", "v", "o" })
        {
            rows.Add(($"blocks.#.attn.{name}.weight", $"{Layer}.0.SelfAttention.{name}.weight"));
        }

        return rows;
    }

    private static List<(string Model, string File)> VaeRows()
    {
        List<(string, string)> rows =
        [
            ("conv1.*", "quant_conv.*"), ("conv2.*", "post_quant_conv.*"), .. Residual("encoder.downsamples.#", "encoder.down_blocks.#"),
            .. Resample("encoder.downsamples.#", "encoder.down_blocks.#"),
        ];
        foreach (string part in new[] { "encoder", "decoder" })
        {
            rows.AddRange(
            [
                ($"{part}.conv1.*", $"{part}.conv_in.*"), ($"{part}.head.0.gamma", $"{part}.norm_out.gamma"),
                ($"{part}.head.2.*", $"{part}.conv_out.*"), .. Residual($"{part}.middle.0", $"{part}.mid_block.resnets.0"),
                ($"{part}.middle.1.norm.gamma", $"{part}.mid_block.attentions.0.norm.gamma"),
                ($"{part}.middle.1.to_qkv.*", $"{part}.mid_block.attentions.0.to_qkv.*"),
                ($"{part}.middle.1.proj.*", $"{part}.mid_block.attentions.0.proj.*"),
                .. Residual($"{part}.middle.2", $"{part}.mid_block.resnets.1"),
            ]);
        }

        // Three residual blocks and an upsampling a level, numbered through in the original.
        for (int index = 0; index < 15; index++)
        {
            (int level, int place) = (index / 4, index % 4);
            rows.AddRange(place < 3
                ? Residual($"decoder.upsamples.{index}", $"decoder.up_blocks.{level}.resnets.{place}")
                : Resample($"decoder.upsamples.{index}", $"decoder.up_blocks.{level}.upsamplers.0"));
        }

        return rows;
    }

    private static IEnumerable<(string, string)> Residual(string model, string file) =>
    [
        ($"{model}.residual.0.gamma", $"{file}.norm1.gamma"), ($"{model}.residual.2.*", $"{file}.conv1.*"),
        ($"{model}.residual.3.gamma", $"{file}.norm2.gamma"), ($"{model}.residual.6.*", $"{file}.conv2.*"),
        ($"{model}.shortcut.*", $"{file}.conv_shortcut.*"),
    ];

    private static IEnumerable<(string, string)> Resample(string model, string file) =>
        [($"{model}.resample.1.*", $"{file}.resample.1.*"), ($"{model}.time_conv.*", $"{file}.time_conv.*")];
}
