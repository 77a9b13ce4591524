using System.CommandLine;

namespace Tessera.Cli.Commands;

/// <summary>A command whose help ends with worked examples.</summary>
/// <param name="name">Its word on the command line.</param>
/// <param name="description">One sentence.</param>
/// <param name="examples">Complete command lines that work as written.</param>
internal abstract class CommandWithExamples(string name, string description, params string[] examples) : Command(name, description)
{
    public IReadOnlyList<string> Examples { get; } = examples;
}
