namespace Tessera.Cli;

/// <summary>Ends a command with an exit code and one line for the user.</summary>
internal sealed class CommandException(int exitCode, string message, Exception? innerException = null) : Exception(message, innerException)
{
    public int ExitCode { get; } = exitCode;

    public static CommandException Usage(string message) => new(Cli.ExitCode.Usage, message);

    public static CommandException BadInput(string message, Exception? innerException = null) =>
        new(Cli.ExitCode.BadInput, message, innerException);

    public static CommandException Unsupported(string message) => new(Cli.ExitCode.Unsupported, message);
}
