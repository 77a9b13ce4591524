using System.CommandLine;
using System.Globalization;
using Tessera.Backends.Cpu;
using Tessera.Cli.Options;

namespace Tessera.Benchmarks.Commands;

/// <summary>What of the machine our kernels may use.</summary>
internal sealed class MachineOptions
{
    private const string Threads = "--threads";
    private const string InstructionSet = "--isa";
    private const string NoVnni = "--no-vnni";
    private const string NoEmittedCode = "--no-emitted-code";

    private static readonly Dictionary<string, CpuInstructionSet> Sets = new()
    {
        ["auto"] = CpuInstructionSet.Auto,
        ["512"] = CpuInstructionSet.Vector512,
        ["256"] = CpuInstructionSet.Vector256,
        ["128"] = CpuInstructionSet.Vector128,
    };

    private readonly Option<int> _threads = CountOption.Create(Threads, "Threads of ours and of peers; 0 uses every core.", 0, 0, 1024);
    private readonly Option<string> _instructionSet = new(InstructionSet)
    {
        Description = $"Vector bits of our kernels: {string.Join(", ", Sets.Keys)}.",
        HelpName = "BITS",
        DefaultValueFactory = static _ => "auto",
        CustomParser = static result => NameOption.ParseOne(result, "Instruction set", Sets.Keys) ?? "auto",
    };

    private readonly Option<bool> _noVnni = new(NoVnni) { Description = "Do without the 8-bit dot product of VNNI." };
    private readonly Option<bool> _noEmittedCode = new(NoEmittedCode) { Description = "Do without machine code written at run time." };

    private MachineOptions(Command command)
    {
        Option[] options = [_threads, _instructionSet, _noVnni, _noEmittedCode];
        Array.ForEach(options, command.Options.Add);
    }

    public static MachineOptions AddTo(Command command) => new(command);

    /// <summary>The arguments that <see cref="Read"/> turns into these options.</summary>
    public static IEnumerable<string> Write(CpuOptions options) =>
    [
        Threads, options.Threads.ToString(CultureInfo.InvariantCulture),
        InstructionSet, Sets.First(set => set.Value == options.InstructionSet).Key,
        .. options.UseVnni ? (string[])[] : [NoVnni],
        .. options.AllowEmittedCode ? (string[])[] : [NoEmittedCode],
    ];

    public CpuOptions Read(ParseResult parsed) => new()
    {
        Threads = parsed.GetValue(_threads),
        InstructionSet = Sets[parsed.GetValue(_instructionSet)!],
        UseVnni = !parsed.GetValue(_noVnni),
        AllowEmittedCode = !parsed.GetValue(_noEmittedCode),
    };
}
