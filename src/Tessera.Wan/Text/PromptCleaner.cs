using System.Text;

namespace Tessera.Wan.Text;

/// <summary>
/// What Wan does to a prompt before it is tokenised: character references of HTML are decoded twice, every run of white space becomes one
/// space, and the ends are trimmed.
/// </summary>
/// <remarks>
/// Source: Wan2.1, <c>wan/modules/tokenizers.py</c> ("whitespace" cleaning). The original also runs ftfy over the text, which diffusers
/// leaves out when it is not installed; <c>straighten</c> does the part of ftfy that changes tokens of well-formed prompts: curly quotes
/// become straight, full-width forms and Latin ligatures become ordinary letters, control characters go. Text broken by wrong encodings
/// is not repaired, and composed characters are left to the tokenizer's character map.
/// </remarks>
public static class PromptCleaner
{
    /// <summary>What U+FB00 to U+FB06 stand for.</summary>
    private static readonly string[] Ligatures = ["ff", "fi", "fl", "ffi", "ffl", "\u017Ft", "st"];

    /// <summary>Cleans a prompt.</summary>
    /// <param name="prompt">Any text.</param>
    /// <param name="straighten">Whether typography is made plain first, as ftfy does; see the remarks.</param>
    public static string Clean(string prompt, bool straighten = false)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        string text = straighten ? Straighten(prompt) : prompt;
        return Collapse(HtmlEntities.Unescape(HtmlEntities.Unescape(text)));
    }

    /// <summary>White space as Python's regular expressions see it: Unicode's, and the four separators U+001C to U+001F.</summary>
    internal static bool IsWhiteSpace(char character) => char.IsWhiteSpace(character) || character is >= '\u001C' and <= '\u001F';

    private static string Collapse(string text)
    {
        StringBuilder output = new(text.Length);
        bool pending = false;
        foreach (char character in text)
        {
            if (IsWhiteSpace(character))
            {
                pending = output.Length > 0;
                continue;
            }

            if (pending)
            {
                output.Append(' ');
                pending = false;
            }

            output.Append(character);
        }

        return output.ToString();
    }

    private static string Straighten(string text)
    {
        StringBuilder output = new(text.Length);
        foreach (char character in text)
        {
            switch (character)
            {
                case >= '\u2018' and <= '\u201B' or '\u02BC':
                    output.Append('\'');
                    break;
                case >= '\u201C' and <= '\u201F':
                    output.Append('"');
                    break;
                case >= '\uFB00' and <= '\uFB06':
                    output.Append(Ligatures[character - '\uFB00']);
                    break;
                case >= '\uFF01' and <= '\uFF5E':
                    output.Append((char)(character - 0xFEE0));
                    break;
                default:
                    if (!IsDropped(character))
                    {
                        output.Append(character);
                    }

                    break;
            }
        }

        return output.ToString();
    }

    private static bool IsDropped(char character) =>
        character is (>= '\0' and <= '\b') or '\v' or (>= '\u000E' and <= '\u001F') or '\u007F'
            or (>= '\u206A' and <= '\u206F') or '\uFEFF' or (>= '\uFFF9' and <= '\uFFFC');
}
