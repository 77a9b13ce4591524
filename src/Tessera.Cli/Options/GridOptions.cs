using System.CommandLine;
using System.CommandLine.Parsing;
using Tessera.Layout;

namespace Tessera.Cli.Options;

/// <summary><c>--grid</c> and <c>--text</c>.</summary>
internal sealed class GridOptions
{
    private readonly Option<TokenGrid?> _grid = new("--grid")
    {
        Description = "Token grid FRAMESxHEIGHTxWIDTH, for example 13x30x45. Clips have a grid of their own.",
        HelpName = "FxHxW",
        CustomParser = ParseGrid,
    };

    private readonly Option<string?> _text = new("--text")
    {
        Description = "Text tokens in the sequence: COUNT@front or COUNT@back, for example 226@front.",
        HelpName = "N@front|N@back",
    };

    private GridOptions()
    {
    }

    /// <summary>Adds the options to a command.</summary>
    public static GridOptions AddTo(Command command)
    {
        GridOptions options = new();
        command.Options.Add(options._grid);
        command.Options.Add(options._text);
        command.Validators.Add(options.Validate);
        return options;
    }

    /// <summary>The grid with its text, or null when none was given.</summary>
    public TokenGrid? Read(ParseResult parsed)
    {
        TokenGrid? grid = parsed.GetValue(_grid);
        return parsed.GetValue(_text) is { } text ? grid?.WithText(text) : grid;
    }

    private static TokenGrid? ParseGrid(ArgumentResult result)
    {
        try
        {
            return TokenGrid.Parse(result.Tokens[0].Value);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            result.AddError(CommandFailure.Of(exception).Line);
            return null;
        }
    }

    // Command validators run before option values are converted, so they look at the words themselves.
    private void Validate(CommandResult result)
    {
        if (result.GetResult(_text)?.Tokens is not [Token text, ..])
        {
            return;
        }

        if (result.GetResult(_grid)?.Tokens is not [Token grid, ..])
        {
            result.AddError("--text needs --grid, which says how many of the tokens are video.");
            return;
        }

        try
        {
            TokenGrid.Parse(grid.Value).WithText(text.Value);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            result.AddError(CommandFailure.Of(exception).Line);
        }
    }
}
