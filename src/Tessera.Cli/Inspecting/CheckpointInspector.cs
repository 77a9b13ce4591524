using Tessera.Cli.Output;
using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.Wan.Checkpoints;
using Tessera.Wan.Text;
using Tessera.Wan.TinyAutoencoder;

namespace Tessera.Cli.Inspecting;

/// <summary>Opens every part of a checkpoint folder and says what it is, or why it cannot be used.</summary>
internal static class CheckpointInspector
{
    /// <summary>Inspects a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="readValues">Whether all weights are read and NaN and infinities reported.</param>
    /// <exception cref="CommandException">The folder holds no part of a model.</exception>
    public static WanInspectReport Inspect(string folder, bool readValues)
    {
        WanCheckpoint model = WanCheckpoint.Find(folder);
        List<WanPartReport> parts = [];
        Add(parts, model, "transformer", model.TransformerPath, () =>
        {
            (Checkpoint weights, WanTransformerConfig config) = model.OpenTransformer();
            return Describe(weights, readValues, new Dictionary<string, long>
            {
                ["layers"] = config.Layers,
                ["dim"] = config.Dim,
                ["heads"] = config.Heads,
                ["headDim"] = config.HeadDim,
                ["feedForwardDim"] = config.FeedForwardDim,
                ["frequencyDim"] = config.FrequencyDim,
                ["textDim"] = config.TextDim,
                ["textLength"] = config.TextLength,
                ["channels"] = config.Channels,
            });
        });
        Add(parts, model, "textEncoder", model.TextEncoderPath, () =>
        {
            (Checkpoint weights, Umt5Config config) = model.OpenTextEncoder();
            return Describe(weights, readValues, new Dictionary<string, long>
            {
                ["layers"] = config.Layers,
                ["dim"] = config.Dim,
                ["heads"] = config.Heads,
                ["headDim"] = config.HeadDim,
                ["feedForwardDim"] = config.FeedForwardDim,
                ["vocabulary"] = config.Vocabulary,
                ["buckets"] = config.Buckets,
            });
        });
        Add(parts, model, "vae", model.VaePath, () =>
        {
            (Checkpoint weights, WanVaeConfig config) = model.OpenVae();
            return Describe(
                weights, readValues, new Dictionary<string, long> { ["baseDim"] = config.BaseDim, ["channels"] = config.Channels });
        });
        Add(parts, model, "tinyVae", model.TinyVaePath, () =>
        {
            Checkpoint weights = TinyVae.OpenWeights(model.TinyVaePath!);
            TinyVaeConfig config = TinyVaeConfig.FromWeights(weights);
            return Describe(
                weights, readValues,
                new Dictionary<string, long> { ["decoderDim"] = config.DecoderWidths[0], ["encoderDim"] = config.EncoderWidth });
        });
        Add(parts, model, "tokenizer", model.TokenizerPath, () =>
        {
            PromptTokenizer tokenizer = model.OpenTokenizer();
            SentencePieceModel pieces = tokenizer.Unigram.Model;
            if (parts.Find(static part => part.Part == "textEncoder") is { Fault: null } encoder)
            {
                tokenizer.RequireVocabulary(encoder.Sizes["vocabulary"]);
            }

            return new WanPartReport
            {
                Part = "",
                File = "",
                Sizes = new Dictionary<string, long>
                {
                    ["pieces"] = pieces.Pieces.Count,
                    ["padding"] = pieces.PaddingId,
                    ["end"] = pieces.EndId,
                    ["unknown"] = pieces.UnknownId,
                },
            };
        });
        return parts.Count == 0
            ? throw CommandException.BadInput($"{folder} holds no part of a Wan2.1 model; missing are {string.Join(", ", model.Missing)}.")
            : new WanInspectReport
            {
                Checkpoint = folder,
                Layout = model.IsDiffusers ? "diffusers" : "original",
                Complete = model.Missing.Count == 0 && parts.All(static part => part.Fault is null),
                Missing = model.Missing,
                Parts = parts,
            };
    }

    private static void Add(List<WanPartReport> parts, WanCheckpoint model, string part, string? path, Func<WanPartReport> describe)
    {
        if (path is null)
        {
            return;
        }

        WanPartReport report;
        try
        {
            report = describe();
        }
        catch (IOException fault)
        {
            report = new WanPartReport { Part = part, File = path, Fault = fault.Message };
        }

        parts.Add(report with { Part = part, File = Path.GetRelativePath(model.Folder, path) });
    }

    private static WanPartReport Describe(Checkpoint weights, bool readValues, Dictionary<string, long> sizes)
    {
        using (weights)
        {
            TensorDescription[] tensors = [.. weights.Names.Select(weights.Describe)];
            return new WanPartReport
            {
                Part = "",
                File = "",
                Names = weights.Layout,
                Tensors = tensors.Length,
                Parameters = weights.ParameterCount,
                Bytes = tensors.Sum(static tensor => tensor.ByteLength),
                Types = tensors.GroupBy(static tensor => tensor.DataType.SafetensorsName())
                    .OrderBy(static group => group.Key, StringComparer.Ordinal)
                    .ToDictionary(static group => group.Key, static group => group.Sum(static tensor => tensor.ElementCount)),
                Sizes = sizes,
                Fault = readValues ? weights.FindNonFinite() : null,
            };
        }
    }
}
