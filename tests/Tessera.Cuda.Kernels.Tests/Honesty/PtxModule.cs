using System.Text.RegularExpressions;

namespace Tessera.Cuda.Kernels.Tests.Honesty;

/// <summary>PTX text as far as the inventory reads it.</summary>
internal sealed class PtxModule
{
    private const RegexOptions Culture = RegexOptions.CultureInvariant;

    /// <summary>Reads PTX.</summary>
    public PtxModule(string text)
    {
        Version = Version.Parse(Regex.Match(text, @"^\.version (\S+)", RegexOptions.Multiline | Culture).Groups[1].Value);
        Target = Regex.Match(text, @"^\.target (\w+)", RegexOptions.Multiline | Culture).Groups[1].Value;
        string kernel = "";
        bool inside = false;
        ProductFlight flight = new();
        foreach (string line in text.Split('\n').Select(static line => line.Trim()))
        {
            if (Regex.Match(line, @"^\.visible \.entry (\w+)", Culture) is { Success: true } entry)
            {
                kernel = entry.Groups[1].Value;
                Kernels.Add(kernel);
                flight = new ProductFlight();
            }
            else if (flight.Pass(line) is { } register)
            {
                FlightAccesses.Add($"{kernel}: {register} in {line}");
            }
            else if (line.StartsWith("// begin inline asm", StringComparison.Ordinal))
            {
                inside = true;
            }
            else if (line.StartsWith("// end inline asm", StringComparison.Ordinal))
            {
                inside = false;
            }
            else if (inside)
            {
                Statements.AddRange(Split(kernel, line));
            }
            else if (Regex.IsMatch(line, @"\b(ld|st)\.local|\.local\s", Culture))
            {
                LocalAccesses.Add($"{kernel}: {line}");
            }
        }
    }

    /// <summary>PTX version.</summary>
    public Version Version { get; }

    /// <summary>Target, as <c>sm_90a</c>.</summary>
    public string Target { get; }

    /// <summary>Entry points.</summary>
    public List<string> Kernels { get; } = [];

    /// <summary>Instructions of wrappers.</summary>
    public List<PtxStatement> Statements { get; } = [];

    /// <summary>Lines that touch local memory: registers that were indexed or spilled before the assembler saw them.</summary>
    public List<string> LocalAccesses { get; } = [];

    /// <summary>Lines that touch a register of a product between its start and its wait.</summary>
    public List<string> FlightAccesses { get; } = [];

    private static IEnumerable<PtxStatement> Split(string kernel, string line)
    {
        // A scope of its own begins with a brace that a declaration follows; braces of operands stand within statements.
        string body = Regex.Replace(line, @"^\{\s*(.*)\}$", "$1", Culture);
        foreach (string part in body.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string statement = Regex.Replace(part, @"^(\w+:\s*)+", "", Culture);
            statement = Regex.Replace(statement, @"^@!?\w+\s+", "", Culture);
            if (statement.Length == 0 || statement.StartsWith(".reg", StringComparison.Ordinal) || statement.StartsWith("//", StringComparison.Ordinal))
            {
                continue;
            }

            int space = statement.IndexOf(' ', StringComparison.Ordinal);
            yield return space < 0 ? new(kernel, statement, "") : new(kernel, statement[..space], statement[(space + 1)..]);
        }
    }
}
