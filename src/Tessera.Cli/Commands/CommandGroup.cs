using System.CommandLine;

namespace Tessera.Cli.Commands;

/// <summary>A word that only groups commands.</summary>
internal static class CommandGroup
{
    public static Command Of(string name, string description, params ReadOnlySpan<Command> commands)
    {
        Command group = new(name, description);
        foreach (Command command in commands)
        {
            group.Subcommands.Add(command);
        }

        return group;
    }
}
