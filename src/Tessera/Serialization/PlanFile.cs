using Tessera.Attention;
using Tessera.Layout;
using Tessera.Serialization.Plans;

namespace Tessera.Serialization;

/// <summary>
/// Attention plans with what they were made for, stored as one <c>.safetensors</c> file: token orders, block masks as bits, recipes, the
/// schedule of steps and layers. Immutable; equal content gives equal bytes.
/// </summary>
/// <remarks>
/// Mask and score functors are code; those of <see cref="Masks.Mods"/> and their And, Or and Not are stored by name and parameters, others
/// are
/// refused. The byte layout is in docs/design/numbers-and-files.md.
/// </remarks>
public sealed record PlanFile
{
    /// <summary>Version of the file format that is written and read.</summary>
    public const int Version = 1;

    /// <summary>Largest token grid that a file may name: 2^24 tokens. A Wan2.1 video at 720p has 75,600.</summary>
    public const int MaximumTokens = 1 << 24;

    /// <summary>Which plan runs when.</summary>
    public required PlanSchedule Schedule { get; init; }

    /// <summary>Model that the plans were made for, for example <c>Wan2.1-T2V-1.3B</c>; may be empty.</summary>
    public string Model { get; init; } = "";

    /// <summary>Free text, for example calibration settings and citations.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    /// <summary>Share of attention mass on kept blocks, [plans, heads] row-major; empty when it was not measured.</summary>
    public IReadOnlyList<float> KeptMass { get; init; } = [];

    /// <summary>SHA-256 of the content in hexadecimal, of a file that was loaded; null otherwise.</summary>
    public string? Hash { get; init; }

    /// <summary>Shape of all plans. The batch is that of calibration.</summary>
    public AttentionShape Shape => Schedule.Plans[0].Shape;

    /// <summary>The file of one plan.</summary>
    public static PlanFile Of(AttentionPlan plan, string model = "") => new() { Schedule = PlanSchedule.Constant(plan), Model = model };

    /// <summary>
    /// Reads a file and checks all of it: structure, version, hash, and that each plan's parts fit together and leave no query without
    /// keys.
    /// </summary>
    /// <exception cref="TensorFormatException">The file is damaged or no plan file.</exception>
    /// <exception cref="PlanMismatchException">It is of another version, its hash is wrong, or a plan does not fit together.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static PlanFile Load(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return PlanReader.Read(file, path);
    }

    /// <summary>Reads a file and requires that it fits a call.</summary>
    /// <param name="path">File.</param>
    /// <param name="shape">Sizes of the call; the batch may differ.</param>
    /// <param name="grid">Token grid of the call, when known.</param>
    /// <exception cref="TensorFormatException">The file is damaged or no plan file.</exception>
    /// <exception cref="PlanMismatchException">As <see cref="Load(string)"/>, or shape or grid differ; the message names both.</exception>
    public static PlanFile Load(string path, AttentionShape shape, TokenGrid? grid = null)
    {
        PlanFile loaded = Load(path);
        loaded.RequireFit(shape, grid);
        return loaded;
    }

    /// <summary>Writes the file under a temporary name and renames it.</summary>
    /// <returns>The content hash.</returns>
    /// <exception cref="PlanMismatchException">A plan's parts do not fit together, a query row would see nothing, or the kept mass has the
    /// wrong size.</exception>
    /// <exception cref="NotSupportedException">A functor is not one of <see cref="Masks.Mods"/>.</exception>
    public string Save(string path) => new PlanWriter(this).Save(path);

    /// <summary>The content hash that a saved file of this content has.</summary>
    /// <exception cref="PlanMismatchException">As <see cref="Save"/>.</exception>
    /// <exception cref="NotSupportedException">As <see cref="Save"/>.</exception>
    public string ComputeHash() => new PlanWriter(this).Hash();

    /// <summary>Requires that the plans fit a call.</summary>
    /// <param name="shape">Sizes of the call; the batch may differ.</param>
    /// <param name="grid">Token grid of the call, when known.</param>
    /// <exception cref="PlanMismatchException">They do not; the message names both sides.</exception>
    public void RequireFit(AttentionShape shape, TokenGrid? grid = null)
    {
        if (shape with { Batch = Shape.Batch } != Shape)
        {
            throw new PlanMismatchException(
                $"Plan '{Schedule.Name}' was made for shape {Shape}, the call has {shape}; calibrate a plan for this size.");
        }

        foreach (AttentionPlan plan in Schedule.Plans)
        {
            if (grid is { } wanted && plan.Grid is { } made && made != wanted)
            {
                throw new PlanMismatchException(
                    $"Plan '{plan.Name}' was made for grid {made}, the call has {wanted}; calibrate a plan for this grid.");
            }
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{(Model.Length == 0 ? "" : $"{Model}: ")}{Schedule}, {Shape}";
}
