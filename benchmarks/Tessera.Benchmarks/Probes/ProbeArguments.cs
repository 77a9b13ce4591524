using System.CommandLine;
using System.Globalization;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Benchmarks.Commands;
using Tessera.Benchmarks.Driver;
using Tessera.Cli.Options;

namespace Tessera.Benchmarks.Probes;

/// <summary>The options that a probe shares with its parent: written by the one, read by the other.</summary>
internal sealed class ProbeArguments
{
    private readonly Option<BenchCase[]> _case = ListOption.Cases("fp32");
    private readonly Option<int> _length = CountOption.Create("--length", "Tokens.", 4096, 1);
    private readonly Option<int> _heads = CountOption.Create("--heads", "Heads.", 1, 1);
    private readonly Option<int> _headDim = CountOption.Create("--dim", "Channels of a head.", 128, 1, AttentionShape.MaximumHeadDim);
    private readonly MachineOptions _machine;

    private ProbeArguments(Command command)
    {
        Option[] options = [_case, _length, _heads, _headDim];
        Array.ForEach(options, command.Options.Add);
        _machine = MachineOptions.AddTo(command);
    }

    public static ProbeArguments AddTo(Command command) => new(command);

    public static IEnumerable<string> Write(BenchCase one, AttentionShape shape, CpuOptions options)
    {
        CultureInfo plain = CultureInfo.InvariantCulture;
        return
        [
            "--cases", one.ToString(), "--length", shape.QueryLength.ToString(plain), "--heads", shape.Heads.ToString(plain),
            "--dim", shape.HeadDim.ToString(plain), .. MachineOptions.Write(options),
        ];
    }

    public (BenchCase Case, AttentionShape Shape, CpuOptions Options) Read(ParseResult parsed)
    {
        int length = parsed.GetValue(_length);
        return (
            parsed.GetValue(_case)![0], new AttentionShape(1, parsed.GetValue(_heads), length, length, parsed.GetValue(_headDim)),
            _machine.Read(parsed));
    }
}
