using Tessera.Attention;
using Tessera.Cli.Inputs;
using Tessera.Cli.Output;
using Tessera.Cli.Running;
using Tessera.Cli.Terminal;
using Tessera.Quantization;

namespace Tessera.Cli.Benchmarking;

/// <summary>
/// Times the cpu backend. Cases are compiled first, warmed up, then run round-robin, so that a busy neighbour slows all cases and not one;
/// medians are reported, and processor time beside wall time.
/// </summary>
internal static class AttentionBenchmark
{
    private const string BaselineFormat = "fp32";

    public static BenchmarkReport Run(
        BenchmarkRequest request, BackendCatalogue backends, IProgress<WorkStep> progress, CancellationToken cancellationToken)
    {
        AttentionShape shape = new(1, request.Heads, request.Length, request.Length, request.HeadDim);
        HeadTensors tensors = NormalTensors.Draw(shape);
        float[] output = new float[tensors.Query.Length];
        progress.Report(new WorkStep("measuring the processor's own peak", 0));
        double peak = backends.MeasurePeak();
        List<BenchmarkCase> cases = [];
        try
        {
            // Dense float32 is always measured: every speed-up is against it.
            cases.Add(Compile(BaselineFormat, 1, shape, backends));
            foreach (string format in request.Formats)
            {
                foreach (double density in request.Densities)
                {
                    if (!(density == 1 && cases[0].Plan.Recipe == RecipeNames.Resolve(format)))
                    {
                        cases.Add(Compile(format, density, shape, backends));
                    }
                }
            }

            RunRounds(cases, request.Repeat, tensors, output, progress, cancellationToken);
            return Describe(request, cases, peak, backends, AsksForBaseline(request));
        }
        finally
        {
            cases.ForEach(static one => one.Dispose());
        }
    }

    private static bool AsksForBaseline(BenchmarkRequest request) =>
        request.Densities.Contains(1) && request.Formats.Any(static format => RecipeNames.Resolve(format) == KnownRecipes.Float32);

    private static BenchmarkCase Compile(string format, double density, AttentionShape shape, BackendCatalogue backends)
    {
        QuantizationRecipe recipe = RecipeNames.Resolve(format);
        AttentionPlan plan = new()
        {
            Name = $"bench-d{density:0.00}-{recipe.Name}",
            Shape = shape,
            Mask = BlockLottery.Draw(shape.Heads, shape.QueryLength, density),
            Recipe = recipe,
        };
        return new BenchmarkCase(format, density, plan, backends.Selector.Select("cpu", plan).Backend);
    }

    private static void RunRounds(
        List<BenchmarkCase> cases, int repeat, HeadTensors tensors, float[] output, IProgress<WorkStep> progress,
        CancellationToken cancellationToken)
    {
        int done = 0;
        for (int round = -1; round < repeat; round++)
        {
            foreach (BenchmarkCase one in cases)
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress.Report(new WorkStep(
                    $"{(round < 0 ? "warming up" : $"round {round + 1} of {repeat}")}: {one.Plan.Name}",
                    done++ / (double)(cases.Count * (repeat + 1))));
                if (round < 0)
                {
                    one.WarmUp(tensors, output, cancellationToken);
                }
                else
                {
                    one.Record(tensors, output, cancellationToken);
                }
            }
        }
    }

    private static BenchmarkReport Describe(
        BenchmarkRequest request, List<BenchmarkCase> cases, double peak, BackendCatalogue backends, bool showsBaseline)
    {
        BenchmarkCase baseline = cases[0];
        return new BenchmarkReport
        {
            Tessera = Doctor.Version,
            Processor = ProcessorInformation.Model,
            Threads = backends.Threads,
            Length = request.Length,
            Heads = request.Heads,
            HeadDim = request.HeadDim,
            Repeat = request.Repeat,
            PeakGflops = peak,
            DenseFloat32Seconds = baseline.MedianSeconds,
            Cases = [.. cases.Skip(showsBaseline ? 0 : 1).Select(one => Describe(one, baseline))],
        };
    }

    private static BenchmarkCaseReport Describe(BenchmarkCase one, BenchmarkCase baseline) => new()
    {
        Format = one.Format,
        Recipe = one.Plan.Recipe.Name,
        Density = one.RequestedDensity,
        ComputedDensity = one.Plan.Mask.Density,
        MedianSeconds = one.MedianSeconds,
        CpuSeconds = one.MedianProcessorSeconds,
        Gflops = one.ComputedOperations / one.MedianSeconds / 1e9,
        EffectiveGflops = one.Plan.Shape.DenseOperations / one.MedianSeconds / 1e9,
        SpeedUp = baseline.MedianSeconds / one.MedianSeconds,
        CpuSpeedUp = baseline.MedianProcessorSeconds / one.MedianProcessorSeconds,
        Stages = StageSeconds.Of(one.MedianStages, TimeSpan.Zero, one.CompileTime),
    };
}
