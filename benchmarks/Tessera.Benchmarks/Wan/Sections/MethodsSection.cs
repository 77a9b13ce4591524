using System.Globalization;
using Tessera.Benchmarks.Driver;
using Tessera.Benchmarks.Reporting;
using Tessera.Benchmarks.Wan.Probes;
using Tessera.Layout;
using Tessera.Serialization;
using Tessera.Wan.Initialization;

namespace Tessera.Benchmarks.Wan.Sections;

/// <summary>
/// Every attention method in a tiny transformer: time and stages of a step, planning included, and the deviation by layer.
/// </summary>
internal sealed class MethodsSection : IBenchSection<WanContext>
{
    private const int Seed = 1;

    /// <summary>8,400 tokens.</summary>
    private static readonly TokenGrid Grid = TokenGrid.Parse("21x20x20");

    public string Name => "methods";

    public string Description => "steps of a tiny model over 8,400 tokens under every attention method, with deviations by layer";

    public SectionReport Run(WanContext context)
    {
        string folder = Path.Combine(context.WorkFolder, "wan-tiny");
        if (!Directory.Exists(folder))
        {
            new RandomCheckpoint(WanModelSizes.Tiny, Seed, WanParts.Transformer, TensorDataType.BFloat16).Write(folder);
        }

        WanMethodsProbe.Method[] methods = context.Probe<WanMethodsProbe.Method[]>(
            WanMethodsProbe.ProbeName, folder, "--grid", Grid.ToString(), "--repeat",
            Math.Max(3, context.Request.Repeat).ToString(CultureInfo.InvariantCulture));
        double dense = methods[0].Seconds;
        DeviationRow[] layers =
        [
            .. methods.Skip(1).SelectMany(
                static method => method.Layers.Select(layer => new DeviationRow(method.Name, method.Format, layer))),
        ];
        return new SectionReport
        {
            Title = $"Attention methods in the model, {Grid.Tokens} tokens, {context.Threads} threads",
            Notes =
            [
                "tessera wan init --config tiny --seed 1 --type bf16: 2 layers of 2 heads of 128, without structure in their maps. A step "
                    + "is both passes of the guidance, their combination and UniPC; planning and compiling are part of it.",
            ],
            Tables =
            [
                new ReportTable<WanMethodsProbe.Method>(
                    "methods", "", methods,
                    ("method", static row => row.Name),
                    ("formats", static row => row.Format),
                    ("density", static row => Figures.Share(row.Density)),
                    ("ms a step", static row => Figures.Milliseconds(row.Seconds)),
                    ("against dense", row => Figures.Factor(dense / row.Seconds)),
                    ("planning", static row => Figures.Milliseconds(row.Plan)),
                    ("compiling", static row => Figures.Milliseconds(row.Compile)),
                    ("packing", static row => Figures.Milliseconds(row.Pack)),
                    ("attending", static row => Figures.Milliseconds(row.Attend)),
                    ("calibration, once", static row => row.Calibration > 0 ? Figures.Milliseconds(row.Calibration) : "-")),
                new ReportTable<DeviationRow>(
                    "deviations", "Deviation from dense attention of the same inputs:", layers,
                    ("method", static row => $"{row.Method} {row.Format}"),
                    ("layer", static row => $"{row.Layer.Index}"),
                    ("cosine", static row => $"{row.Layer.Cosine:0.0000}"),
                    ("relative L1", static row => $"{row.Layer.RelativeL1:0.0000}"),
                    ("NMSE", static row => $"{row.Layer.Nmse:0.0e+0}"),
                    ("worst head NMSE", static row => $"{row.Layer.WorstHeadNmse:0.0e+0}")),
            ],
        };
    }

    private sealed record DeviationRow(string Method, string Format, WanMethodsProbe.Layer Layer);
}
