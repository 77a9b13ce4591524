using System.Globalization;
using Tessera.Attention;
using Tessera.Methods.Paro;
using Tessera.Serialization;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.SelfAttention.Calibration;

/// <summary>
/// PAROAttention: block sums of every candidate order during the first prompt, after which each head's order is fixed over all its steps;
/// block sums of the chosen order from then on. Masks are cut at the end, one per group, with one threshold over the heads and groups of a
/// layer.
/// </summary>
/// <remarks>
/// A file holds 4 bytes x heads x blocks, six times that during the first prompt: 12.6 MB and 75 MB at 12 heads of 512 x 512 blocks. In
/// memory is one of them, and the groups of one layer when orders are chosen.
/// </remarks>
internal sealed class OrderCalibration(CalibrationSettings settings, CalibrationFolder folder, IAttentionMapReader reader)
    : LayerCalibration(settings, folder)
{
    private const string MassTensor = "mass";
    private const string ScoreTensor = "scores";

    /// <inheritdoc/>
    public override void Observe(
        in SelfAttentionCall call, string observation, in AttentionInputs inputs, CancellationToken cancellationToken)
    {
        int layer = call.Step.Layer;
        string path = Folder.GroupPath(layer, Settings.GroupOf(call.Step));
        Stored? stored = Read(path);
        if (stored is not null && stored.Seen.Contains(observation))
        {
            return;
        }

        ParoCalibrator calibrator = Calibrator(layer, groups: 1);
        if (stored is not null)
        {
            calibrator.Restore(0, Narrowed(stored.Observations, calibrator));
            calibrator.RestoreScores(stored.Scores);
        }

        calibrator.Add(inputs, 0, cancellationToken);
        Write(path, calibrator, [.. stored?.Seen ?? [], observation]);
    }

    /// <inheritdoc/>
    public override void EndFirstPrompt(CancellationToken cancellationToken)
    {
        for (int layer = Settings.WarmUp.FirstLayers; layer < Settings.Model.Layers; layer++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Folder.ReadOrders(layer) is null)
            {
                ParoCalibrator calibrator = Restored(layer, out double[] scores);
                calibrator.RestoreScores(new ParoScoreSums { Sums = scores });
                calibrator.ChooseOrders();
                Folder.WriteOrders(layer, calibrator.ChosenCandidates);
            }

            Narrow(layer);
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(AttentionPlan Plan, float[]? KeptMass)> Build(int layer)
    {
        ParoCalibrator calibrator = Restored(layer, out _);
        int[] seen = [.. Enumerable.Range(0, Settings.EffectiveGroups).Where(group => File.Exists(Folder.GroupPath(layer, group)))];
        // Groups that the warm-up covers were never looked at and never run; the nearest later one stands in their place.
        for (int group = seen[0] - 1; group >= 0; group--)
        {
            calibrator.Restore(group, Narrowed(Read(Folder.GroupPath(layer, seen[0]))!.Observations, calibrator));
        }

        ParoCalibration built = calibrator.Build();
        return
        [
            .. built.Plans.Select((plan, group) => (
                plan, (float[]?)[.. built.Report.Heads.Where(head => head.Group == group).Select(static head => (float)head.KeptMass)])),
        ];
    }

    private ParoCalibrator Calibrator(int layer, int groups)
    {
        ParoTimeSharing sharing = groups == 1 ? ParoTimeSharing.Single(1) : ParoTimeSharing.Uniform(Settings.StepCount, groups);
        ParoCalibrator calibrator = new(Context, Settings.Shape, reader, Settings.Paro, sharing);
        if (Folder.ReadOrders(layer) is { } orders)
        {
            calibrator.RestoreOrders(orders);
        }

        return calibrator;
    }

    /// <summary>All groups of a layer in one calibrator, and their score sums together.</summary>
    private ParoCalibrator Restored(int layer, out double[] scores)
    {
        ParoCalibrator calibrator = Calibrator(layer, Settings.EffectiveGroups);
        scores = calibrator.ExportScores().Sums;
        for (int group = 0; group < Settings.EffectiveGroups; group++)
        {
            if (Read(Folder.GroupPath(layer, group)) is not { } stored)
            {
                continue;
            }

            calibrator.Restore(group, Narrowed(stored.Observations, calibrator));
            for (int i = 0; i < scores.Length; i++)
            {
                scores[i] += stored.Scores.Sums[i];
            }
        }

        return calibrator;
    }

    /// <summary>Drops the candidates that lost from the files of a layer.</summary>
    private void Narrow(int layer)
    {
        for (int group = 0; group < Settings.EffectiveGroups; group++)
        {
            string path = Folder.GroupPath(layer, group);
            if (Read(path) is { } stored && stored.Observations.Candidates[0].Length > 1)
            {
                ParoCalibrator calibrator = Calibrator(layer, groups: 1);
                calibrator.Restore(0, Narrowed(stored.Observations, calibrator));
                calibrator.RestoreScores(stored.Scores);
                Write(path, calibrator, stored.Seen);
            }
        }
    }

    /// <summary>The statistics of the chosen candidates alone, once they are chosen.</summary>
    private static ParoObservations Narrowed(ParoObservations seen, ParoCalibrator calibrator)
    {
        if (!calibrator.HasOrders || seen.Candidates[0].Length == 1)
        {
            return seen;
        }

        int heads = seen.Candidates.Count;
        int candidates = seen.Candidates[0].Length;
        int blocks = seen.Mass.Length / (heads * candidates);
        float[] mass = new float[heads * blocks];
        for (int head = 0; head < heads; head++)
        {
            int place = Array.IndexOf(seen.Candidates[head], calibrator.ChosenCandidates[head]);
            seen.Mass.AsSpan(((head * candidates) + place) * blocks, blocks).CopyTo(mass.AsSpan(head * blocks));
        }

        return seen with { Mass = mass, Candidates = [.. calibrator.ChosenCandidates.Select(static candidate => new[] { candidate })] };
    }

    private static void Write(string path, ParoCalibrator calibrator, IReadOnlyList<string> seen)
    {
        ParoObservations observations = calibrator.Export(0)!;
        double[] scores = calibrator.ExportScores().Sums;
        SafetensorsWriter writer = new();
        writer.Add<float>(MassTensor, [observations.Mass.Length], observations.Mass);
        writer.Add<double>(ScoreTensor, [scores.Length], scores);
        writer.Metadata["count"] = observations.Count.ToString(CultureInfo.InvariantCulture);
        writer.Metadata["candidates"] = string.Join(';', observations.Candidates.Select(static head => string.Join(',', head)));
        writer.Metadata["seen"] = string.Join(' ', seen);
        writer.Save(path);
    }

    private static Stored? Read(string path) => CalibrationFolder.Read(path, static file =>
    {
        ParoObservations observations = new()
        {
            Count = int.Parse(file.Metadata["count"], CultureInfo.InvariantCulture),
            Candidates =
            [
                .. file.Metadata["candidates"].Split(';').Select(static head => head.Split(',')
                    .Select(static candidate => int.Parse(candidate, CultureInfo.InvariantCulture)).ToArray()),
            ],
            Mass = file.ReadSingle(MassTensor),
        };
        return new Stored(
            observations, new ParoScoreSums { Sums = file.ReadArray<double>(ScoreTensor) }, file.Metadata["seen"].Split(' '));
    });

    private sealed record Stored(ParoObservations Observations, ParoScoreSums Scores, IReadOnlyList<string> Seen);
}
