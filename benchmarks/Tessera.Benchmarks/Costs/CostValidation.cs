using System.Diagnostics;
using System.Numerics.Tensors;
using System.Text;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Backends.Cpu.Costs;

namespace Tessera.Benchmarks.Costs;

/// <summary>Predicted against measured time of random plans: <c>./bench cost --seed 1 --plans 30 --repeat 5</c>.</summary>
internal static class CostValidation
{
    private const double Goal = 0.15;

    private const int Rounds = 4;

    public static void Run(int seed, int count, int repeat, bool stages, TextWriter output)
    {
        IReadOnlyList<AttentionPlan> plans = RandomPlans.Draw(seed, count);
        long started = Stopwatch.GetTimestamp();
        string fresh = Path.Combine(Path.GetTempPath(), $"tessera-costs-{Guid.NewGuid():N}");
        CpuCostModel model = CpuCostModel.ForThisMachine(null, fresh);
        CostEstimate[] predicted = [.. plans.Select(model.Predict)];
        Directory.Delete(fresh, recursive: true);
        double calibration = Stopwatch.GetElapsedTime(started).TotalSeconds;
        started = Stopwatch.GetTimestamp();
        foreach (AttentionPlan plan in plans)
        {
            model.Predict(plan);
        }

        double prediction = Stopwatch.GetElapsedTime(started).TotalSeconds / count;
        (double Wall, double Attend)[] measured = Measure(plans, repeat);
        output.WriteLine($"seed {seed}: {count} plans, constants measured in {calibration:0.00} s, a prediction takes {prediction * 1e3:0.00} ms, medians of {repeat} runs in the quietest of {Rounds} rounds\n");
        output.WriteLine(Table(plans, predicted, measured, stages));
    }

    // Rounds over all plans are spread over the whole time, since a shared machine slows down for seconds at a time; the median of a plan's
    // quietest round counts.
    private static (double Wall, double Attend)[] Measure(IReadOnlyList<AttentionPlan> plans, int repeat)
    {
        long inputs = plans.Max(static plan => 3 * ProbeRun.OutputFloats(plan.Shape));
        float[] numbers = new float[inputs];
        Random random = new(7);
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = (float)((random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5) * 2);
        }

        float[] output = new float[inputs / 3];
        (double Wall, double Attend)[] measured = [.. Enumerable.Repeat((double.MaxValue, double.MaxValue), plans.Count)];
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < plans.Count; i++)
            {
                (double wall, double attend) = MeasureOne(plans[i], numbers, output, repeat);
                measured[i] = wall < measured[i].Wall ? (wall, attend) : measured[i];
            }
        }

        return measured;
    }

    private static (double Wall, double Attend) MeasureOne(AttentionPlan plan, float[] numbers, float[] output, int repeat)
    {
        AttentionShape shape = plan.Shape;
        using IAttentionKernel kernel = CpuBackend.Shared.Compile(plan);
        int size = (int)ProbeRun.OutputFloats(shape);
        List<double> wall = [];
        List<double> attend = [];
        for (int run = -1; run < repeat; run++)
        {
            long start = Stopwatch.GetTimestamp();
            AttentionStatistics statistics = kernel.Run(
                new AttentionInputs(shape, numbers, numbers.AsSpan(size), numbers.AsSpan(2 * size)),
                new TensorSpan<float>(output.AsSpan(0, size), [shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDim]));
            if (run >= 0)
            {
                wall.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
                attend.Add(statistics.Stages.Attend.TotalSeconds);
            }
        }

        return (Median(wall), Median(attend));
    }

    private static string Table(
        IReadOnlyList<AttentionPlan> plans, CostEstimate[] predicted, (double Wall, double Attend)[] measured, bool stages)
    {
        StringBuilder table = new();
        table.Append("| recipe | shape | blocks | density | mask | predicted ms | measured ms | error |\n|---|---|---|---|---|---|---|---|\n");
        List<double> errors = [];
        for (int i = 0; i < plans.Count; i++)
        {
            AttentionPlan plan = plans[i];
            double error = (predicted[i].Seconds / measured[i].Wall) - 1;
            errors.Add(Math.Abs(error));
            table.Append($"| {plan.Recipe} | {plan.Shape} | {plan.Mask.Size} | {plan.Mask.Density:0.00} | {plan.Name} | {predicted[i].Seconds * 1e3:0.00} | {measured[i].Wall * 1e3:0.00} | {error:+0.0%;-0.0%} |");
            if (stages)
            {
                double pack = measured[i].Wall - measured[i].Attend;
                table.Append($" attend {(predicted[i].Attend / measured[i].Attend) - 1:+0.0%;-0.0%} pack {predicted[i].Pack * 1e3:0.00}/{pack * 1e3:0.00} ({(predicted[i].Pack / pack) - 1:+0.0%;-0.0%}) mem {predicted[i].Memory * 1e3:0.00} imb {predicted[i].Imbalance * 1e3:0.00}");
            }

            table.Append('\n');
        }

        int within = errors.Count(static error => error <= Goal);
        table.Append($"\nwithin 15 %: {within} of {errors.Count}; median error {Median(errors):0.0%}, largest {errors.Max():0.0%}\n");
        return table.ToString();
    }

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
