using System.CommandLine;
using Tessera.Benchmarks.Costs;
using Tessera.Cli.Commands;
using Tessera.Cli.Options;
using Tessera.Cli.Terminal;

namespace Tessera.Benchmarks.Commands;

/// <summary><c>./bench cost</c>.</summary>
internal sealed class CostCommand : CommandWithExamples
{
    private readonly Option<int> _seed = CountOption.Create("--seed", "Seed of the plans.", 1, 0);
    private readonly Option<int> _plans = CountOption.Create("--plans", "Plans to draw.", 30, 1, 1000);
    private readonly Option<int> _repeat = CountOption.Create("--repeat", "Timed runs of each plan.", 5, 1, 1000);
    private readonly Option<bool> _stages = new("--stages") { Description = "Errors of packing and attention apart." };
    private readonly Option<bool> _fit = new("--fit") { Description = "Show the constants and the runs they come from instead." };

    public CostCommand(CommandConsole console)
        : base(
            BenchCommands.Cost, "Predict random plans with the cost model, measure them, and compare.", "./bench cost --seed 1 --plans 30",
            "./bench cost --seed 7 --stages", "./bench cost --fit")
    {
        Option[] options = [_seed, _plans, _repeat, _stages, _fit];
        Array.ForEach(options, Options.Add);
        SetAction(parsed =>
        {
            if (parsed.GetValue(_fit))
            {
                CostFits.Show(console.OutputWriter);
                return;
            }

            CostValidation.Run(
                parsed.GetValue(_seed), parsed.GetValue(_plans), parsed.GetValue(_repeat), parsed.GetValue(_stages), console.OutputWriter);
        });
    }
}
