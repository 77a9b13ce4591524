using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tessera.Neural.Checkpoints;
using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.Sampling;
using Xunit;

namespace Tessera.Wan.Tests.Sampling;

public sealed partial class SigmaTableTests
{
    private const string Fixture = "wan/sched/sched.safetensors";

    [DataFact(Fixture, isFixture: true)]
    public void Every_recorded_table_is_exact()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(TestRoots.Fixtures, Fixture));
        int tables = 0;
        foreach (TensorDescription tensor in file.Tensors)
        {
            Match name = TableName().Match(tensor.Name);
            if (name.Success)
            {
                SigmaTable table = new(SolverOf(name.Groups[1].Value), Number<int>(name.Groups[2]), Number<double>(name.Groups[3]));
                Assert.Equal(file.ReadSingle(tensor.Name), table.Sigmas);
                Assert.Equal(file.ReadSingle(tensor.Name.Replace(".sigmas", ".timesteps", StringComparison.Ordinal)), table.Timesteps);
                tables++;
            }
        }

        Assert.True(tables >= 4, $"{tables} tables were recorded");
    }

    [DataFact("wan/wan21_schedules.json")]
    public void Grids_of_the_official_code_are_exact()
    {
        using JsonDocument recorded = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TestRoots.Data, "wan/wan21_schedules.json")));
        int tables = 0;
        foreach (JsonProperty property in recorded.RootElement.EnumerateObject())
        {
            Match name = OfficialName().Match(property.Name);
            if (name.Success)
            {
                SigmaTable table = new(Solver.UniPc, Number<int>(name.Groups[1]), Number<double>(name.Groups[2]));
                Assert.Equal(property.Value.EnumerateArray().Select(static value => value.GetSingle()), table.Sigmas.ToArray());
                JsonElement timesteps = recorded.RootElement.GetProperty(property.Name.Replace("sigmas", "timesteps", StringComparison.Ordinal));
                Assert.Equal(timesteps.EnumerateArray().Select(static value => value.GetSingle()), table.Timesteps.ToArray());
                tables++;
            }
        }

        Assert.Equal(2, tables);
    }

    [Theory]
    [InlineData(Solver.UniPc)]
    [InlineData(Solver.UniPcDiffusers)]
    [InlineData(Solver.Euler)]
    [InlineData(Solver.DpmPlusPlus)]
    public void Levels_fall_to_zero_at_every_count_and_shift(Solver solver)
    {
        foreach (int steps in new[] { 1, 2, 3, 7, 50, 333, SigmaTable.TrainingSteps })
        {
            foreach (double shift in new[] { SigmaTable.MinimumShift, 0.5, 1, 3, 5, 12, SigmaTable.MaximumShift })
            {
                SigmaTable table = new(solver, steps, shift);
                ReadOnlySpan<float> sigmas = table.Sigmas;
                Assert.Equal(steps + 1, sigmas.Length);
                Assert.Equal(0, sigmas[^1]);
                for (int i = 0; i < steps; i++)
                {
                    Assert.True(sigmas[i] > sigmas[i + 1] && sigmas[i] <= 1, $"{table}: level {i} is {sigmas[i]}, the next {sigmas[i + 1]}");
                    Assert.InRange(table.Timesteps[i], 0, SigmaTable.TrainingSteps);
                }
            }
        }
    }

    [Fact]
    public void Out_of_range_numbers_and_unknown_names_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new SigmaTable(Solver.UniPc, 0, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SigmaTable(Solver.UniPc, 1001, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SigmaTable(Solver.UniPc, 10, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SigmaTable(Solver.UniPc, 10, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SigmaTable((Solver)9, 10, 5));
        Assert.Contains("unipc, unipc-diffusers, euler, dpm++", Assert.Throws<FormatException>(() => Solvers.Parse("ddim")).Message, StringComparison.Ordinal);
        Assert.All(Solvers.Names, static name => Assert.Equal(name, Solvers.Parse(name).Name()));
        Assert.Equal("unipc_wan, 4 steps, shift 2.5", new SigmaTable(Solver.UniPc, 4, 2.5).ToString());
    }

    [DataFact("wan/pipeline_tiny/diffusers/scheduler/scheduler_config.json", isFixture: true)]
    public void The_scheduler_of_a_checkpoint_is_read_and_others_are_refused()
    {
        string path = Path.Combine(TestRoots.Fixtures, "wan/pipeline_tiny/diffusers/scheduler/scheduler_config.json");
        Assert.Equal(Solver.UniPcDiffusers, SchedulerConfig.Read(path).Solver);
        string text = File.ReadAllText(path);
        using JsonDocument document = JsonDocument.Parse(text);
        Assert.Equal(document.RootElement.GetProperty("flow_shift").GetDouble(), SchedulerConfig.Read(path).FlowShift);
        string folder = Directory.CreateTempSubdirectory("tessera-scheduler-").FullName;
        try
        {
            foreach ((string from, string to) in new[]
            {
                ("\"flow_prediction\"", "\"epsilon\""), ("\"bh2\"", "\"bh1\""), ("UniPCMultistepScheduler", "DDIMScheduler"),
                ("\"num_train_timesteps\": 1000", "\"num_train_timesteps\": 999"), ("\"flow_shift\": 5.0", "\"flow_shift\": 500.0"),
            })
            {
                string other = Path.Combine(folder, "scheduler_config.json");
                Assert.Contains(from, text, StringComparison.Ordinal);
                File.WriteAllText(other, text.Replace(from, to, StringComparison.Ordinal));
                Assert.StartsWith(other, Assert.Throws<CheckpointFormatException>(() => SchedulerConfig.Read(other)).Message, StringComparison.Ordinal);
            }

            string euler = Path.Combine(folder, "euler.json");
            File.WriteAllText(euler, """{"_class_name":"FlowMatchEulerDiscreteScheduler","num_train_timesteps":1000,"shift":3.0}""");
            Assert.Equal(new SchedulerConfig(Solver.Euler, 3), SchedulerConfig.Read(euler));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [GeneratedRegex(@"^table\.(\w+)\.n(\d+)\.shift([\d.]+)\.sigmas$")]
    private static partial Regex TableName();

    [GeneratedRegex(@"^sigmas_s(\d+)_f([\d.]+)$")]
    private static partial Regex OfficialName();

    private static T Number<T>(Group group)
        where T : IParsable<T> => T.Parse(group.Value, CultureInfo.InvariantCulture);

    private static Solver SolverOf(string table) => Enum.GetValues<Solver>().Single(solver => solver.TableName() == table);
}
