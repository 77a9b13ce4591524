using System.Globalization;
using System.Text.RegularExpressions;
using Tessera.Cuda.Emulation;

namespace Tessera.Cuda.Kernels.Tests.Honesty;

/// <summary>The rows of Kernels/instructions.tsv: which instruction needs which PTX version and target.</summary>
internal sealed class InstructionTable
{
    private readonly List<Row> _rows = [];

    /// <summary>Reads the table.</summary>
    public InstructionTable()
    {
        foreach (string line in File.ReadLines(Path.Combine(EmulationBuild.KernelFolder, "instructions.tsv")))
        {
            string[] cells = line.Split('\t');
            if (!line.StartsWith('#') && cells[0] != "mnemonic")
            {
                _rows.Add(new Row(
                    new Regex($"^(?:{cells[0]})$", RegexOptions.CultureInvariant), Version.Parse(cells[1]),
                    int.Parse(cells[2], CultureInfo.InvariantCulture), cells[3] == "yes"));
            }
        }
    }

    /// <summary>Rows that no instruction of the given ones matches.</summary>
    public IEnumerable<string> Unused(IEnumerable<string> mnemonics)
    {
        string[] used = [.. mnemonics.Distinct()];
        return _rows.Where(row => !used.Any(row.Pattern.IsMatch)).Select(static row => row.Pattern.ToString());
    }

    /// <summary>What is wrong with an instruction of a module; null when nothing is.</summary>
    /// <param name="statement">The statement with its operands.</param>
    /// <param name="version">PTX version of the module.</param>
    /// <param name="target">Target of the module, as <c>sm_90a</c>.</param>
    public string? FaultOf(PtxStatement statement, Version version, string target)
    {
        if (_rows.Find(row => row.Pattern.IsMatch(statement.Mnemonic)) is not { } known)
        {
            return $"{statement.Mnemonic} is not in the table";
        }

        int architecture = int.Parse(target.AsSpan(3).TrimEnd('a'), CultureInfo.InvariantCulture);
        if (version < known.Ptx)
        {
            return $"{statement.Mnemonic} needs PTX {known.Ptx}, the module has {version}";
        }

        if (architecture < known.Architecture || (known.IsSpecific && !target.EndsWith('a')))
        {
            return $"{statement.Mnemonic} needs sm_{known.Architecture}{(known.IsSpecific ? "a" : "")}, the target is {target}";
        }

        return WarpgroupFault(statement);
    }

    private static string? WarpgroupFault(PtxStatement statement)
    {
        Match shape = Regex.Match(statement.Mnemonic, @"^wgmma\.mma_async\..*\.m64n(\d+)k(\d+)\.(f32|s32)\.(\w+)", RegexOptions.CultureInvariant);
        if (!shape.Success)
        {
            return null;
        }

        int columns = int.Parse(shape.Groups[1].Value, CultureInfo.InvariantCulture);
        string[] tuples = [.. Regex.Matches(statement.Operands, @"\{([^}]*)\}", RegexOptions.CultureInvariant).Select(static match => match.Groups[1].Value)];
        int accumulators = tuples[0].Split(',').Length;
        if (columns % 8 != 0 || columns > 256 || accumulators != columns / 2)
        {
            return $"{statement.Mnemonic} has {accumulators} accumulators, wanted {columns / 2}";
        }

        // d, a, b, scale-d; then signs of a and b for floating types, and transpositions for 16-bit ones, of shared operands only.
        bool fromRegisters = tuples.Length == 2;
        int trailing = shape.Groups[4].Value switch { "s8" => 0, "e4m3" => 2, _ => fromRegisters ? 3 : 4 };
        int operands = Regex.Replace(statement.Operands, @"\{[^}]*\}", "t", RegexOptions.CultureInvariant).Split(',').Length;
        return operands == 4 + trailing ? null : $"{statement.Mnemonic} has {operands} operands, wanted {4 + trailing}";
    }

    private sealed record Row(Regex Pattern, Version Ptx, int Architecture, bool IsSpecific);
}
