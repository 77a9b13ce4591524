using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Cli.Inputs;
using Tessera.Cli.Output;
using Tessera.Cli.Running;
using Tessera.Cli.Terminal;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Methods;
using Tessera.Methods.Paro;

namespace Tessera.Cli.Explaining;

/// <summary>The work of <c>tessera attention explain</c>.</summary>
internal static class HeadExplainer
{
    public static HeadExplanation Explain(
        ExplainRequest request, BackendCatalogue backends, IProgress<WorkStep> progress, CancellationToken cancellationToken)
    {
        OutputFile? output = request.OutputPath is { } path ? OpenDrawing(path, request.Input.Files) : null;
        progress.Report(new WorkStep($"reading {request.Input.Source}", 0));
        LoadedInput input = InputLoader.Load(request.Input, cancellationToken);
        RequireHead(request, input.Tensors.Shape);
        HeadTensors head = input.Tensors.Head(request.Batch, request.Head);
        AttentionPlan dense = AttentionPlan.Dense(head.Shape);

        progress.Report(new WorkStep("sampling rows", 0.1));
        HeadProfile profile = HeadProfile.Read(head, input.Grid, dense.EffectiveScale, cancellationToken);
        progress.Report(new WorkStep("trying orders", 0.2));
        ParoMethod method = new(backends.MapReader, new ParoOptions { Density = request.Density });
        ParoCalibration calibration = method.Calibrate(head.Inputs, new PlanningContext(input.Grid), cancellationToken);
        AttentionPlan plan = calibration.Plans[0];

        progress.Report(new WorkStep("reading the map", 0.7));
        float[] logSumExp = new float[head.Shape.QueryLength];
        backends.MapReader.ReadLogSumExp(head.Inputs, 0, 0, dense.EffectiveScale, logSumExp, cancellationToken);
        BlockMapStatistics natural = ReadMap(head, null, dense, logSumExp, backends.MapReader, cancellationToken);
        BlockMapStatistics reordered = ReadMap(head, plan.OrderOf(0), plan, logSumExp, backends.MapReader, cancellationToken);
        HeadExplanation explanation = new(Describe(request, input, head, profile, calibration, output), natural, reordered, plan);
        progress.Report(new WorkStep("drawing", 0.95));
        if (output is not null)
        {
            HeadDrawing.Write(output, explanation);
        }

        return explanation;
    }

    private static OutputFile OpenDrawing(string path, IReadOnlyList<string> inputs) =>
        Path.GetExtension(path).ToLowerInvariant() is ".html" or ".png"
            ? OutputFile.Open(path, inputs)
            : throw CommandException.Usage($"--output '{path}' is neither .html nor .png; the ending chooses what is drawn.");

    private static void RequireHead(ExplainRequest request, AttentionShape shape)
    {
        if (request.Head >= shape.Heads || request.Batch >= shape.Batch)
        {
            throw CommandException.BadInput(
                $"head {request.Head} of batch entry {request.Batch} was asked for; {request.Input.Source} has heads 0 to "
                + $"{shape.Heads - 1} and batch entries 0 to {shape.Batch - 1}.");
        }
    }

    private static BlockMapStatistics ReadMap(
        HeadTensors head, TokenOrder? order, AttentionPlan plan, float[] logSumExp, IAttentionMapReader reader,
        CancellationToken cancellationToken)
    {
        BlockMapStatistics map = new(plan.Mask.QuerySlots, plan.Mask.KeySlots, plan.Mask.Size);
        reader.ReadBlocks(head.Inputs, 0, 0, order, plan.EffectiveScale, logSumExp, epsilon: 0, [], map, cancellationToken);
        return map;
    }

    private static ExplainReport Describe(
        ExplainRequest request, LoadedInput input, HeadTensors head, HeadProfile profile, ParoCalibration calibration, OutputFile? output)
    {
        HeadDescription description = HeadDescription.Of(profile, input.Grid);
        ParoHeadReport chosen = calibration.Report.Heads[0];
        BlockMask mask = calibration.Plans[0].Mask;
        return new ExplainReport
        {
            Input = InputSummary.Of(input.Tensors, input.Grid),
            Head = request.Head,
            Batch = request.Batch,
            Kind = description.Kind,
            Description = description.Sentence,
            FrameSpread = profile.FrameSpread,
            HeightSpread = profile.HeightSpread,
            WidthSpread = profile.WidthSpread,
            EffectiveKeys = profile.EffectiveKeys,
            TextMass = profile.TextMass,
            SampledRows = profile.SampledRows,
            Order = chosen.Order,
            Density = chosen.Density,
            VideoDensity = chosen.VideoDensity,
            KeptMass = chosen.KeptMass,
            BlockSize = mask.Size.ToString(),
            BlocksComputed = mask.KeptBlocks,
            BlocksTotal = (long)mask.QueryBlocks * mask.KeyBlocks,
            Orders =
            [
                .. chosen.Candidates.Select(
                    static candidate =>
                        new OrderFigures(candidate.Order, candidate.KeptMass, candidate.EmptyShare, candidate.Incoherence))
            ],
            Scales =
            [
                Scales("query", head.Query, head.Shape), Scales("key", head.Key, head.Shape),
                Scales("key, mean removed", WithoutMean(head), head.Shape), Scales("value", head.Value, head.Shape)
            ],
            Output = output?.FullPath,
        };
    }

    // INT8 scales per token: the absolute maximum of a row over 127. A wide spread between rows is what per-tensor
    // scales would suffer from.
    private static ScaleFigures Scales(string operand, float[] values, AttentionShape shape)
    {
        float[] scales = new float[shape.QueryLength];
        for (int token = 0; token < scales.Length; token++)
        {
            scales[token] = Math.Abs(TensorPrimitives.MaxMagnitude(values.AsSpan(token * shape.HeadDim, shape.HeadDim))) / 127;
        }

        Array.Sort(scales);
        return new ScaleFigures(operand, scales[0], scales[scales.Length / 2], scales[^1]);
    }

    private static float[] WithoutMean(HeadTensors head)
    {
        int width = head.Shape.HeadDim;
        double[] mean = new double[width];
        for (int i = 0; i < head.Key.Length; i++)
        {
            mean[i % width] += (double)head.Key[i] / head.Shape.KeyLength;
        }

        float[] centred = new float[head.Key.Length];
        for (int i = 0; i < centred.Length; i++)
        {
            centred[i] = (float)(head.Key[i] - mean[i % width]);
        }

        return centred;
    }
}
