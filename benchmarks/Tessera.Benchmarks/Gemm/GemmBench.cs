using Tessera.Backends.Cpu;
using Tessera.Benchmarks.Reporting;
using Tessera.Benchmarks.Timing;
using Tessera.Neural.Convolutions;
using Tessera.Neural.Products;
using Tessera.Numerics;
using Tessera.Serialization;

namespace Tessera.Benchmarks.Gemm;

/// <summary><c>./bench gemm</c>: products at the sizes of the models against OpenBLAS in one interleaved run, and convolutions.</summary>
internal sealed class GemmBench(int threads, int repeat, TextWriter progress, CancellationToken cancellationToken)
{
    private const double WantedOfPeer = 0.85;
    private const double MostCostOfBFloat16 = 1.1;

    // The first four carry goals; the others are text rows, prompts, and odd sizes.
    private static readonly (int Rows, int Inner, int Columns)[] Shapes =
    [
        (2048, 2048, 2048), (1280, 1536, 8960), (1280, 8960, 1536), (1280, 1536, 1536), (512, 4096, 1536), (192, 4096, 6144),
        (40, 4096, 6144), (8, 4096, 6144), (1, 4096, 6144), (1021, 1031, 1033),
    ];

    private const int ShapesWithGoals = 4;

    private static readonly (string Name, int Side, int Inputs, int Outputs, int Frames, int Taps)[] Convolutions =
    [
        ("Wan VAE, 16x16", 16, 384, 384, 3, 3), ("Wan VAE, 32x32", 32, 384, 384, 3, 3), ("Wan VAE, 64x64", 64, 192, 192, 3, 3),
        ("Wan VAE, 128x128", 128, 96, 96, 3, 3), ("Wan VAE, upsampled", 128, 192, 96, 1, 3), ("Wan VAE, over time", 32, 384, 384, 3, 1),
        ("Wan VAE, entry", 16, 16, 384, 3, 3), ("Wan VAE, head", 128, 96, 3, 3, 3), ("TAEHV, 32x32", 32, 256, 256, 1, 3),
        ("TAEHV, 128x128", 128, 64, 64, 1, 3),
    ];

    /// <summary>Measures.</summary>
    public SectionReport Run()
    {
        bool hasPeer = OpenBlas.TryStart(threads, out string? kernels, out string? fault);
        double peak = CpuPeak.Measure(new CpuOptions { Threads = threads }).AllThreads;
        ProductRow[] products = [.. Shapes.Select(shape => Measure(shape.Rows, shape.Inner, shape.Columns, hasPeer))];
        ConvolutionRow[] convolutions = [.. Convolutions.Select(one => Measure(one))];
        return new SectionReport
        {
            Title = $"Products and convolutions, {threads} threads, peak {peak:0} GFLOP/s",
            Notes =
            [
                hasPeer ? $"OpenBLAS with its {kernels} kernels." : fault!,
                $"Medians of {repeat} runs in turns, each the second of two calls in a row.",
            ],
            Tables = [ProductTable(products, peak), ConvolutionTable(convolutions, peak)],
            Goals = hasPeer ? [.. products.Take(ShapesWithGoals).SelectMany(Goals)] : [],
        };
    }

    private static IEnumerable<GoalCheck> Goals(ProductRow row) =>
    [
        new($"{row.Shape}: speed of OpenBLAS", WantedOfPeer, row.OfPeer, "x"),
        new($"{row.Shape}: time with bfloat16 weights", MostCostOfBFloat16, row.CostOfBFloat16, "x", IsCeiling: true),
    ];

    private static ReportTable<ProductRow> ProductTable(ProductRow[] rows, double peak) => new(
        "products", "GFLOP/s of Y = X W^T", rows,
        ("rows x inner -> columns", static row => row.Shape),
        ("OpenBLAS", static row => row.Peer is { } peer ? $"{row.Rate(peer.Median):0}" : "-"),
        ("ours", static row => $"{row.Rate(row.Float32.Median):0}"),
        ("best run", static row => $"{row.Rate(row.Float32.Minimum):0}"),
        ("of OpenBLAS", static row => Figures.Factor(row.OfPeer)),
        ("of peak", row => Figures.Share(row.Rate(row.Float32.Median) / peak)),
        ("BF16 weights", static row => $"{row.Rate(row.BFloat16.Median):0}"),
        ("bias and GELU", static row => $"{row.Rate(row.Gelu.Median):0}"),
        ("BF16 products", static row => $"{row.Rate(row.Rounded.Median):0}"),
        ("of BF16 weights", static row => Figures.Factor(row.GainOfRounding)));

    private static ReportTable<ConvolutionRow> ConvolutionTable(ConvolutionRow[] rows, double peak) => new(
        "convolutions", "Convolutions of one frame", rows,
        ("layer", static row => row.Name),
        ("channels", static row => $"{row.Inputs} -> {row.Outputs}"),
        ("taps", static row => $"{row.Taps}"),
        ("ms", static row => Figures.Milliseconds(row.Times.Median)),
        ("GFLOP/s", static row => $"{row.Rate:0}"),
        ("of peak", row => Figures.Share(row.Rate / peak)));

    private static float[] Numbers(int seed, long count)
    {
        float[] values = new float[count];
        Random random = new(seed);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = random.NextSingle() - 0.5f;
        }

        return values;
    }

    private ProductRow Measure(int rows, int inner, int columns, bool hasPeer)
    {
        progress.WriteLine($"{rows} x {inner} -> {columns}");
        float[] x = Numbers(1, (long)rows * inner);
        float[] w = Numbers(2, (long)columns * inner);
        float[] bias = Numbers(3, columns);
        float[] y = new float[(long)rows * columns];
        BFloat16[] halves = new BFloat16[w.Length];
        BFloat16.ConvertFromSingle(w, halves);
        StoredTensor weight = StoredTensor.FromValues<float>("w", [columns, inner], w);
        StoredTensor narrow = StoredTensor.FromValues<BFloat16>("w", [columns, inner], halves);
        List<IContestant> contestants =
        [
            new SteadyContestant("float32", () => MatrixProduct.Multiply(x, rows, weight, [], y, threads)),
            new SteadyContestant("bfloat16", () => MatrixProduct.Multiply(x, rows, narrow, [], y, threads)),
            new SteadyContestant(
                "gelu", () => MatrixProduct.Multiply(x, rows, weight, bias, default(Activated<GeluTanhActivation>), y, threads)),
            new SteadyContestant(
                "rounded",
                () => MatrixProduct.Multiply(
                    x, rows, narrow, [], default(Activated<NoActivation>), y, threads, precision: ProductPrecision.BFloat16)),
        ];
        if (hasPeer)
        {
            contestants.Add(new SteadyContestant("OpenBLAS", () => OpenBlas.Multiply(x, w, y, rows, inner, columns)));
        }

        RunTimes[] times = Interleaving.Time(contestants, repeat, cancellationToken);
        return new ProductRow(rows, inner, columns, times[0], times[1], times[2], times[3], hasPeer ? times[4] : null);
    }

    private ConvolutionRow Measure((string Name, int Side, int Inputs, int Outputs, int Frames, int Taps) one)
    {
        progress.WriteLine($"{one.Name}: {one.Inputs} -> {one.Outputs}");
        FrameSize size = new(1, one.Side, one.Side);
        int taps = one.Frames * one.Taps * one.Taps;
        float[] history = Numbers(1, (long)(one.Frames - 1) * size.FramePositions * one.Inputs);
        float[] x = Numbers(2, size.Positions * one.Inputs);
        float[] y = new float[size.Positions * one.Outputs];
        ConvolutionGeometry geometry = one.Taps == 1
            ? ConvolutionGeometry.CausalFrames
            : ConvolutionGeometry.Same3x3 with { LeadingFrames = one.Frames - 1 };
        Convolution layer = new(
            StoredTensor.FromValues<float>(
                "w", [one.Outputs, one.Inputs, one.Frames, one.Taps, one.Taps], Numbers(3, (long)one.Outputs * one.Inputs * taps)),
            null, geometry);
        SteadyContestant contestant = new(one.Name, () => layer.Forward(history, x, size, y, threads));
        RunTimes[] times = Interleaving.Time([contestant], repeat, cancellationToken);
        return new ConvolutionRow(one.Name, size, one.Inputs, one.Outputs, taps, times[0]);
    }
}
