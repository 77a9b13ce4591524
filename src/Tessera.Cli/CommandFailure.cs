using Tessera.Attention;
using Tessera.Media.Ffmpeg;
using Tessera.Media.Formats;

namespace Tessera.Cli;

/// <summary>Maps what a command threw to an exit code and one line without a stack trace.</summary>
/// <param name="ExitCode">One of <see cref="Cli.ExitCode"/>.</param>
/// <param name="Line">What standard error says after <c>error: </c>.</param>
internal readonly record struct CommandFailure(int ExitCode, string Line)
{
    public static CommandFailure Of(Exception exception) => exception switch
    {
        CommandException command => new(command.ExitCode, OneLine(command.Message)),
        OperationCanceledException => new(Cli.ExitCode.Cancelled, "cancelled; nothing was written"),
        BackendUnavailableException or FfmpegUnavailableException or PlatformNotSupportedException or NotSupportedException =>
            new(Cli.ExitCode.Unsupported, OneLine(exception.Message)),
        ArgumentException argument => new(Cli.ExitCode.BadInput, OneLine(WithoutParameter(argument))),
        PlanMismatchException or FormatException or InvalidDataException or MediaFormatException or IOException
            or UnauthorizedAccessException =>
            new(Cli.ExitCode.BadInput, OneLine(exception.Message)),
        ArithmeticException and not (OverflowException or DivideByZeroException) => new(Cli.ExitCode.BadInput, OneLine(exception.Message)),
        OutOfMemoryException => new(Cli.ExitCode.BadInput, "the inputs need more memory than this machine has; use fewer heads or tokens"),
        _ => new(Cli.ExitCode.InternalFault, $"internal fault, please report it: {exception.GetType().Name}: {OneLine(exception.Message)}"),
    };

    private static string OneLine(string message) =>
        string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    // ArgumentException appends "(Parameter 'name')", which names our code and not the user's option.
    private static string WithoutParameter(ArgumentException exception)
    {
        int parameter = exception.ParamName is null ? -1 : exception.Message.LastIndexOf(" (Parameter '", StringComparison.Ordinal);
        return parameter < 0 ? exception.Message : exception.Message[..parameter];
    }
}
