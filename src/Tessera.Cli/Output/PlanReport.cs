using Tessera.Attention;
using Tessera.Layout;
using Tessera.Serialization;

namespace Tessera.Cli.Output;

/// <summary>What a plan file holds; written by <c>plan show</c>, <c>plan calibrate</c> and <c>plan convert</c>.</summary>
internal sealed record PlanReport(string CommandName) : Report
{
    public override string Command => CommandName;

    public required string File { get; init; }

    public required string Name { get; init; }

    public required string Model { get; init; }

    public string? Hash { get; init; }

    public required string Shape { get; init; }

    public required string? Grid { get; init; }

    /// <summary>What rows of the table stand for: steps or noise phases.</summary>
    public required string Axis { get; init; }

    public required int Rows { get; init; }

    public required int Layers { get; init; }

    public required IReadOnlyDictionary<string, string> Properties { get; init; }

    public required IReadOnlyList<PlanSummary> Plans { get; init; }

    /// <summary>Kept mass of each plan and head, when it was measured.</summary>
    public required IReadOnlyList<IReadOnlyList<double>> KeptMass { get; init; }

    /// <summary>Seconds of calibration.</summary>
    public double? Seconds { get; init; }

    public static PlanReport Of(string command, string path, PlanFile file)
    {
        PlanSchedule schedule = file.Schedule;
        AttentionShape shape = file.Shape;
        TokenGrid? grid = schedule.Plans[0].Grid;
        TokenGrid counted = grid ?? new TokenGrid(1, 1, shape.QueryLength);
        return new PlanReport(command)
        {
            File = path,
            Name = schedule.Name,
            Model = file.Model,
            Hash = file.Hash,
            Shape = shape.ToString(),
            Grid = grid?.ToString(),
            Axis = schedule.Axis.ToString(),
            Rows = schedule.Rows,
            Layers = schedule.Layers,
            Properties = file.Properties,
            Plans = [.. schedule.Plans.Select(plan => PlanSummary.Of(plan, counted))],
            KeptMass =
            [
                .. file.KeptMass.Chunk(shape.Heads).Select(
                    static heads => (IReadOnlyList<double>)[.. heads.Select(static mass => (double)mass)])
            ],
        };
    }
}
