using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Tessera.Wan.Text;

/// <summary>Character references of HTML, decoded as Python's <c>html.unescape</c> does, which is what Wan was trained with.</summary>
/// <remarks>
/// Source of names and replacements: WHATWG HTML, section 13.5 (named character references) and 13.2.5.80 (numeric ones). A name
/// that HTML allows without its semicolon is also found as the longest prefix of what follows the ampersand, as in
/// <c>&amp;notanentity;</c>.
/// </remarks>
internal static class HtmlEntities
{
    private const string Resource = "HtmlEntities.txt";
    private const int LongestName = 32;

    /// <summary>What bytes 0x80 to 0x9F mean in windows-1252, where it has a meaning.</summary>
    private const string Windows1252 =
        "\u20AC\u0081\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u008D\u017D\u008F"
        + "\u0090\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u009D\u017E\u0178";

    private static readonly FrozenDictionary<string, Entity> Named = Load();

    /// <summary>Replaces every character reference once.</summary>
    public static string Unescape(string text)
    {
        int at = text.IndexOf('&', StringComparison.Ordinal);
        if (at < 0)
        {
            return text;
        }

        StringBuilder output = new(text.Length);
        int copied = 0;
        while (at >= 0)
        {
            output.Append(text, copied, at - copied);
            int used = text.AsSpan(at).StartsWith("&#") ? Numeric(text, at, output) : Name(text, at, output);
            if (used == 0)
            {
                output.Append('&');
                used = 1;
            }

            copied = at + used;
            at = text.IndexOf('&', copied);
        }

        return output.Append(text, copied, text.Length - copied).ToString();
    }

    /// <summary>Decodes <c>&amp;#123;</c> or <c>&amp;#x7B;</c>.</summary>
    /// <returns>Characters used, or 0 when it is no reference.</returns>
    private static int Numeric(string text, int at, StringBuilder output)
    {
        int digit = at + 2;
        bool isHex = digit < text.Length && text[digit] is 'x' or 'X';
        digit += isHex ? 1 : 0;
        int first = digit;
        int value = 0;
        for (; digit < text.Length && (isHex ? char.IsAsciiHexDigit(text[digit]) : char.IsAsciiDigit(text[digit])); digit++)
        {
            // Beyond the last code point all values mean the same; stopping there keeps them from overflowing.
            int next = isHex ? Convert.ToInt32(text.Substring(digit, 1), 16) : text[digit] - '0';
            value = Math.Min((value * (isHex ? 16 : 10)) + next, 0x110000);
        }

        if (digit == first)
        {
            return 0;
        }

        AppendCodePoint(value, output);
        return digit - at + (digit < text.Length && text[digit] == ';' ? 1 : 0);
    }

    private static void AppendCodePoint(int value, StringBuilder output)
    {
        if (value == 0 || value is >= 0xD800 and <= 0xDFFF or > 0x10FFFF)
        {
            output.Append('\uFFFD');
        }
        else if (value is >= 0x80 and <= 0x9F)
        {
            output.Append(Windows1252[value - 0x80]);
        }
        else if (!IsNoncharacter(value))
        {
            output.Append(new Rune(value).ToString());
        }
    }

    private static bool IsNoncharacter(int value) =>
        value is (>= 0x1 and <= 0x8) or 0xB or (>= 0xE and <= 0x1F) or 0x7F or (>= 0xFDD0 and <= 0xFDEF) || (value & 0xFFFE) == 0xFFFE;

    /// <summary>Decodes a named reference.</summary>
    /// <returns>Characters used, or 0 when it is none.</returns>
    private static int Name(string text, int at, StringBuilder output)
    {
        int end = at + 1;
        while (end < text.Length && end - at <= LongestName && text[end] is not ('\t' or '\n' or '\f' or ' ' or '<' or '&' or '#' or ';'))
        {
            end++;
        }

        string name = text[(at + 1)..end];
        if (end < text.Length && text[end] == ';' && Named.TryGetValue(name, out Entity whole))
        {
            output.Append(whole.Text);
            return end + 1 - at;
        }

        for (int length = name.Length; length >= 2; length--)
        {
            if (Named.TryGetValue(name[..length], out Entity prefix) && prefix.WorksWithoutSemicolon)
            {
                output.Append(prefix.Text);
                return length + 1;
            }
        }

        return 0;
    }

    /// <summary>Lines of: name, <c>!</c> when it works without a semicolon, code points in hexadecimal.</summary>
    private static FrozenDictionary<string, Entity> Load()
    {
        using Stream stream = typeof(HtmlEntities).Assembly.GetManifestResourceStream(Resource)!;
        using StreamReader reader = new(stream, Encoding.ASCII);
        Dictionary<string, Entity> named = new(StringComparer.Ordinal);
        while (reader.ReadLine() is { } line)
        {
            string[] parts = line.Split(' ');
            string text = string.Concat(parts.Skip(1).Select(static hex => new Rune(int.Parse(hex, NumberStyles.HexNumber)).ToString()));
            named.Add(parts[0].TrimEnd('!'), new Entity(text, parts[0].EndsWith('!')));
        }

        return named.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private readonly record struct Entity(string Text, bool WorksWithoutSemicolon);
}
