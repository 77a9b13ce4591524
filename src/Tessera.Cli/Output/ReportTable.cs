using Spectre.Console;

namespace Tessera.Cli.Output;

/// <summary>Tables of one look: lines on a terminal, Markdown in files and pipes, where they can be pasted as they are.</summary>
internal static class ReportTable
{
    /// <summary>Starts a table; headings that start with <c>&gt;</c> are right-aligned.</summary>
    public static Table Create(IAnsiConsole console, params ReadOnlySpan<string> headings)
    {
        Table table = new() { Border = console.Profile.Capabilities.Interactive ? TableBorder.Rounded : TableBorder.Markdown };
        foreach (string heading in headings)
        {
            bool isNumber = heading.StartsWith('>');
            TableColumn column = new(Markup.Escape(isNumber ? heading[1..] : heading))
            {
                Alignment = isNumber ? Justify.Right : Justify.Left,
            };
            table.AddColumn(column);
        }

        return table;
    }
}
