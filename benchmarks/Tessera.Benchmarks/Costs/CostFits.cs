using System.Diagnostics;
using System.Text;
using Tessera.Backends.Cpu;
using Tessera.Backends.Cpu.Costs;
using Tessera.Quantization;

namespace Tessera.Benchmarks.Costs;

/// <summary>What the cost model learns: <c>./bench cost --fit</c>.</summary>
internal static class CostFits
{
    /// <summary>Constants of each recipe, and how well they reproduce the runs that they come from.</summary>
    public static void Show(TextWriter output)
    {
        double dispatch = CpuCostProbe.MeasureWake(CpuOptions.Default);
        output.WriteLine($"dispatch {dispatch * 1e6:0.0} us");
        foreach (QuantizationRecipe recipe in RandomPlans.Recipes)
        {
            long start = Stopwatch.GetTimestamp();
            StringBuilder lines = new();
            KernelCosts costs = CpuCostProbe.Measure(recipe, CpuOptions.Default, dispatch, (run, found) =>
            {
                double[] totals = new double[KernelCosts.Terms];
                double attend = run.Work.Attend(found, dispatch, totals);
                double pack = run.Work.PackSeconds(found, dispatch);
                lines.Append($"  {run.Plan.Name,-40} attend {run.AttendSeconds * 1e3,8:0.000} ms {(attend / run.AttendSeconds) - 1,7:+0.0%;-0.0%}   pack {run.PackSeconds * 1e3,8:0.000} ms {(pack / run.PackSeconds) - 1,7:+0.0%;-0.0%}\n");
            });
            output.WriteLine($"{recipe}: {Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s");
            output.WriteLine("  " + string.Join(", ", Enum.GetValues<CostTerm>().Where(term => costs[term] > 0).Select(term => $"{term} {costs[term] * 1e12:0.###} ps")));
            output.Write(lines);
        }
    }
}
