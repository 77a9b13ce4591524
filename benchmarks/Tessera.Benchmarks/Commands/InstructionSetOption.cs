using System.CommandLine;
using Tessera.Backends.Cpu;
using Tessera.Cli.Options;

namespace Tessera.Benchmarks.Commands;

/// <summary>Vector width of our kernels.</summary>
internal static class InstructionSetOption
{
    private static readonly Dictionary<string, CpuInstructionSet> Sets = new()
    {
        ["auto"] = CpuInstructionSet.Auto,
        ["512"] = CpuInstructionSet.Vector512,
        ["256"] = CpuInstructionSet.Vector256,
        ["128"] = CpuInstructionSet.Vector128,
    };

    public static Option<CpuInstructionSet> Create() => new("--isa")
    {
        Description = $"Vector bits of our kernels: {string.Join(", ", Sets.Keys)}.",
        HelpName = "BITS",
        DefaultValueFactory = static _ => CpuInstructionSet.Auto,
        CustomParser = static result =>
            NameOption.ParseOne(result, "Instruction set", Sets.Keys) is { } name ? Sets[name] : CpuInstructionSet.Auto,
    };
}
