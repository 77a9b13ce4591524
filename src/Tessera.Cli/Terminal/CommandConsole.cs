using System.Text;
using Spectre.Console;

namespace Tessera.Cli.Terminal;

/// <summary>
/// Where a command writes: results to standard output, errors and progress to standard error. Injected, so that tests run commands in
/// process and read what a user would see.
/// </summary>
/// <param name="output">Styled results.</param>
/// <param name="outputWriter">The plain writer behind <paramref name="output"/>; JSON goes here unwrapped.</param>
/// <param name="error">Progress bars.</param>
/// <param name="errorWriter">The plain writer behind <paramref name="error"/>; error lines go here unwrapped.</param>
/// <param name="showsProgress">Whether standard error is a terminal that can redraw.</param>
/// <param name="openInput">Opens standard input, for the few commands that read it.</param>
internal sealed class CommandConsole(
    IAnsiConsole output, TextWriter outputWriter, IAnsiConsole error, TextWriter errorWriter, bool showsProgress,
    Func<TextReader> openInput)
{
    /// <summary>Columns where nothing tells the width, files and pipes: wide enough that nothing wraps.</summary>
    public const int PlainWidth = 1000;

    public IAnsiConsole Output { get; } = output;

    public TextWriter OutputWriter { get; } = outputWriter;

    public IAnsiConsole Error { get; } = error;

    public TextWriter ErrorWriter { get; } = errorWriter;

    public bool ShowsProgress { get; } = showsProgress;

    /// <summary>Standard input as UTF-8 text, whatever the locale says.</summary>
    public TextReader OpenInput() => openInput();

    /// <summary>The console of this process: colour only on a terminal and never when NO_COLOR is set.</summary>
    public static CommandConsole ForProcess()
    {
        bool noColor = Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 };
        return new CommandConsole(
            Create(Console.Out, Console.IsOutputRedirected, noColor), Console.Out,
            Create(Console.Error, Console.IsErrorRedirected, noColor), Console.Error,
            showsProgress: !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb",
            static () => new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false)));
    }

    /// <summary>A console over plain writers: no colour, no cursor movement, no progress.</summary>
    public static CommandConsole ForWriters(TextWriter output, TextWriter error, TextReader? input = null) => new(
        Create(output, isRedirected: true, noColor: true), output, Create(error, isRedirected: true, noColor: true), error,
        showsProgress: false, () => input ?? TextReader.Null);

    private static IAnsiConsole Create(TextWriter writer, bool isRedirected, bool noColor)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = noColor || isRedirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = isRedirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (isRedirected)
        {
            console.Profile.Width = PlainWidth;
            console.Profile.Capabilities.Unicode = true;
        }

        return console;
    }
}
