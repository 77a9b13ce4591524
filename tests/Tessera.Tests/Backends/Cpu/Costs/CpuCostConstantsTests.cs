using Tessera.Backends.Cpu;
using Tessera.Backends.Cpu.Costs;
using Tessera.Quantization;
using Xunit;

namespace Tessera.Tests.Backends.Cpu.Costs;

public sealed class CpuCostConstantsTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"tessera-costs-{Guid.NewGuid():N}");

    private static CpuCostConstants Constants => CostConstants.Plausible().Constants;

    public void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Fact]
    public void Json_keeps_every_constant()
    {
        CpuCostConstants read = CpuCostConstants.FromJson(Constants.ToJson());

        Assert.Equal(Constants.Machine, read.Machine);
        Assert.Equal(Constants.WakeSeconds, read.WakeSeconds);
        Assert.Equal(Constants.Kinds, read.Kinds);
        Assert.Equal(Constants.Functors, read.Functors);
        foreach (string kind in Constants.Kinds)
        {
            Assert.Equal(Constants.Recipes[kind].Seconds, read.Recipes[kind].Seconds);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"version\":99,\"machine\":\"m\",\"wakeSeconds\":0,\"recipes\":{},\"functors\":{}}")]
    [InlineData("{\"version\":1,\"machine\":\"m\",\"wakeSeconds\":\"NaN\",\"recipes\":{},\"functors\":{}}")]
    [InlineData("{\"version\":1,\"machine\":\"m\",\"wakeSeconds\":0,\"recipes\":{\"k\":{\"Tile\":1}},\"functors\":{}}")]
    [InlineData("{\"version\":1,\"machine\":\"m\",\"wakeSeconds\":0,\"recipes\":{},\"functors\":{\"f\":-1}}")]
    public void Damaged_json_is_refused(string json) => Assert.Throws<FormatException>(() => CpuCostConstants.FromJson(json));

    [Fact]
    public void A_negative_constant_is_refused() => Assert.Throws<FormatException>(
        () => CpuCostConstants.FromJson(Constants.ToJson().Replace("\"Tile\": 1E-06", "\"Tile\": -1E-06", StringComparison.Ordinal)));

    [Fact]
    public void The_file_gives_back_what_was_written()
    {
        CpuCostFile file = new(_folder, Constants.Machine);
        Assert.Null(file.Read());

        file.Write(Constants);

        Assert.Equal(Constants.ToJson(), file.Read()?.ToJson());
        Assert.Single(Directory.EnumerateFiles(_folder));
    }

    [Fact]
    public void A_damaged_file_is_as_good_as_none_and_is_replaced()
    {
        CpuCostFile file = new(_folder, Constants.Machine);
        file.Write(Constants);
        File.WriteAllText(file.Path, Constants.ToJson()[..100]);
        Assert.Null(file.Read());

        file.Write(Constants);

        Assert.NotNull(file.Read());
    }

    [Fact]
    public void Constants_of_another_machine_are_not_taken()
    {
        CpuCostFile file = new(_folder, "this machine");
        Directory.CreateDirectory(_folder);
        File.WriteAllText(file.Path, Constants.ToJson());

        Assert.Null(file.Read());
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_no_error()
    {
        Directory.CreateDirectory(_folder);
        string blocked = Path.Combine(_folder, "file");
        File.WriteAllText(blocked, "");
        CpuCostFile file = new(Path.Combine(blocked, "below"), Constants.Machine);

        file.Write(Constants);

        Assert.Null(file.Read());
    }

    [Fact]
    public void Kinds_ignore_names_and_tell_formats_apart()
    {
        Assert.Equal(CpuCostConstants.KindOf(KnownRecipes.Int8), CpuCostConstants.KindOf(KnownRecipes.Int8 with { Name = "mine" }));
        Assert.Equal(
            KnownRecipes.All.Count, KnownRecipes.All.Select(CpuCostConstants.KindOf).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Keys_name_threads_and_instruction_set()
    {
        string key = MachineKey.Of(new CpuOptions { Threads = 3, InstructionSet = CpuInstructionSet.Vector128 });

        Assert.Contains("Vector128", key, StringComparison.Ordinal);
        Assert.Contains("3 of", key, StringComparison.Ordinal);
    }
}
