using System.Globalization;
using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Methods;
using Tessera.Methods.Fps;
using Tessera.Methods.SlidingTile;
using Tessera.Serialization;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.SelfAttention.Calibration;

/// <summary>
/// Window search: the squared error of windows of about one cost against dense attention on sampled rows, summed over prompts, steps and
/// branches. STA takes the best window of each head, group and layer; FPS, whose windows all heads share, that of each phase and layer.
/// </summary>
/// <remarks>A file holds a number per head and window.</remarks>
internal sealed class WindowCalibration(CalibrationSettings settings, CalibrationFolder folder) : LayerCalibration(settings, folder)
{
    private const string ErrorTensor = "errors";

    private readonly TileLayout _layout = TileLayout.ForBlocks(
        settings.Grid, CalibrationSettings.Tile, settings.BlockSize.Query, settings.BlockSize.Key);

    private IReadOnlyList<TileWindow>? _candidates;

    private IReadOnlyList<TileWindow> Candidates =>
        _candidates ??= new TileWindowCatalogue(_layout, Settings.BlockSize).CandidatesFor(Settings.Density);

    /// <inheritdoc/>
    public override void Observe(
        in SelfAttentionCall call, string observation, in AttentionInputs inputs, CancellationToken cancellationToken)
    {
        string path = Folder.GroupPath(call.Step.Layer, Settings.GroupOf(call.Step));
        (SlidingTileSearch search, IReadOnlyList<string> seen) = Read(path);
        if (seen.Contains(observation))
        {
            return;
        }

        search.AddSampled(inputs, Settings.SampledRows, cancellationToken);
        double[] errors = search.Export();
        SafetensorsWriter writer = new();
        writer.Add<double>(ErrorTensor, [errors.Length], errors);
        writer.Metadata["inputs"] = search.Inputs.ToString(CultureInfo.InvariantCulture);
        writer.Metadata["seen"] = string.Join(' ', [.. seen, observation]);
        writer.Save(path);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<(AttentionPlan Plan, float[]? KeptMass)> Build(int layer)
    {
        int groups = Settings.EffectiveGroups;
        int[] seen = [.. Enumerable.Range(0, groups).Where(group => File.Exists(Folder.GroupPath(layer, group)))];
        (AttentionPlan, float[]?)[] plans = new (AttentionPlan, float[]?)[groups];
        for (int group = 0; group < groups; group++)
        {
            // A group without a step of its own never runs.
            int nearest = seen.MinBy(other => Math.Abs(other - group));
            plans[group] = (Plan(Read(Folder.GroupPath(layer, nearest)).Search, group), null);
        }

        return plans;
    }

    private AttentionPlan Plan(SlidingTileSearch search, int group)
    {
        if (Settings.Method == "sta")
        {
            return SlidingTileMethod.Plan(Settings.Shape, Context, _layout, search.Choose());
        }

        PlanningContext context = Context with { Recipe = Settings.Recipe ?? CalibrationSettings.Fps.RecipeOf((FpsPhase)group) };
        TileWindow window = search.ChooseForAllHeads();
        AttentionPlan plan = SlidingTileMethod.Plan(Settings.Shape, context, _layout, [window]);
        return plan with { Name = $"fps-{_layout.Tile}-w{window}-{context.Recipe.Name}" };
    }

    private (SlidingTileSearch Search, IReadOnlyList<string> Seen) Read(string path)
    {
        SlidingTileSearch search = new(Settings.Shape, Context, CalibrationSettings.Tile, Candidates);
        Stored? stored = CalibrationFolder.Read(path, static file => new Stored(
            file.ReadArray<double>(ErrorTensor), int.Parse(file.Metadata["inputs"], CultureInfo.InvariantCulture),
            file.Metadata["seen"].Split(' ')));
        if (stored is null)
        {
            return (search, []);
        }

        search.Restore(stored.Errors, stored.Inputs);
        return (search, stored.Seen);
    }

    private sealed record Stored(double[] Errors, int Inputs, IReadOnlyList<string> Seen);
}
