using System.Text.Json;
using Tessera.Cli.Terminal;

namespace Tessera.Cli.Tests;

/// <summary>A command run in process, with all that a user would have seen.</summary>
/// <param name="ExitCode">What the process would have ended with.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    /// <summary>The JSON document on standard output; fails when anything else is there.</summary>
    public JsonElement Json
    {
        get
        {
            using JsonDocument document = JsonDocument.Parse(Output);
            return document.RootElement.Clone();
        }
    }

    public static CommandRun Of(params string[] arguments) => Of(CancellationToken.None, arguments);

    public static CommandRun Of(CancellationToken cancellationToken, params string[] arguments) => Of(TextReader.Null, arguments, cancellationToken);

    public static CommandRun WithInput(string input, params string[] arguments)
    {
        using StringReader reader = new(input);
        return Of(reader, arguments, CancellationToken.None);
    }

    private static CommandRun Of(TextReader input, string[] arguments, CancellationToken cancellationToken)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int code = CommandLine.RunAsync(arguments, CommandConsole.ForWriters(output, error, input), cancellationToken).GetAwaiter().GetResult();
        return new CommandRun(code, output.ToString(), error.ToString());
    }

    /// <summary>Asserts success and silence on standard error.</summary>
    public CommandRun Succeeded()
    {
        Xunit.Assert.True(ExitCode == 0 && Error.Length == 0, $"exit code {ExitCode}\n{Error}\n{Output}");
        return this;
    }

    /// <summary>Asserts a failure with one error line that holds all the given words, nothing on standard output and no stack trace.</summary>
    public CommandRun FailedWith(int exitCode, params string[] words)
    {
        Xunit.Assert.Equal(exitCode, ExitCode);
        Xunit.Assert.Equal("", Output);
        string line = Xunit.Assert.Single(Error.Split('\n', StringSplitOptions.RemoveEmptyEntries), static line => !line.StartsWith("Run '", StringComparison.Ordinal));
        Xunit.Assert.StartsWith("error: ", line, StringComparison.Ordinal);
        Xunit.Assert.DoesNotContain("   at ", line, StringComparison.Ordinal);
        foreach (string word in words)
        {
            Xunit.Assert.Contains(word, line, StringComparison.Ordinal);
        }

        return this;
    }
}
