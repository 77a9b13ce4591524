using System.Text.Json;
using Tessera.TestKit;
using Tessera.Wan.Text;
using Xunit;

namespace Tessera.Wan.Tests.Text;

public sealed class PromptCleanerTests
{
    [DataFact(TokenizerCases.CleanCases, isFixture: true)]
    public void Recorded_cases_are_exact()
    {
        foreach (JsonElement one in TokenizerCases.Read(TokenizerCases.Fixture(TokenizerCases.CleanCases)).GetProperty("cases").EnumerateArray())
        {
            Assert.Equal(one.Text("cleaned"), PromptCleaner.Clean(one.Text("text")));
        }
    }

    /// <summary>Expected values from Python 3.11, <c>html.unescape</c> applied once.</summary>
    [Theory]
    [InlineData("a &amp b &ampb &AMP; &am;", "a & b &b & &am;")]
    [InlineData("&notit; &notin; &not", "¬it; ∉ ¬")]
    [InlineData("&#65;&#x41;&#X41&#65", "AAAA")]
    [InlineData("&#0;&#xD800;&#x110000;&#99999999999999999999;", "\uFFFD\uFFFD\uFFFD\uFFFD")]
    [InlineData("&#128;&#x99;&#129;&#13;", "€™\u0081\r")]
    [InlineData("[&#1;&#x7f;&#xFFFE;&#xFDD0;&#x1FFFF;]", "[]")]
    [InlineData("&#; &#x; &#xg; & && &;", "&#; &#x; &#xg; & && &;")]
    [InlineData("&CounterClockwiseContourIntegral;&NotEqualTilde;&fjlig;", "∳≂̸fj")]
    [InlineData("&ThisNameIsLongerThanAnyOfTheEntities;", "&ThisNameIsLongerThanAnyOfTheEntities;")]
    [InlineData("&ltx&gt&lt", "<x><")]
    [InlineData("&#128512;", "😀")]
    [InlineData("&copy&reg;&copyx;&copysr;", "©®©x;℗")]
    public void References_decode_as_in_Python(string text, string expected) => Assert.Equal(expected, HtmlEntities.Unescape(text));

    [Fact]
    public void White_space_is_that_of_Python()
    {
        const string Spaces = "\t\n\v\f\r\u001C\u001D\u001E\u001F \u0085\u00A0\u1680\u2000\u200A\u2028\u2029\u202F\u205F\u3000";
        foreach (char space in Spaces)
        {
            Assert.True(PromptCleaner.IsWhiteSpace(space), $"U+{(int)space:X4}");
        }

        // The zero-width ones and the byte order mark are none.
        Assert.DoesNotContain("\u200B\u180E\uFEFF\u2060\u001B", PromptCleaner.IsWhiteSpace);
        Assert.Equal("a b", PromptCleaner.Clean(Spaces + "a" + Spaces + "b" + Spaces));
    }

    [Theory]
    [InlineData("“curly” ‘quotes’", "\"curly\" 'quotes'")]
    [InlineData("ﬁne ﬀ Ｆｕｌｌ，width！", "fine ff Full,width!")]
    [InlineData("a\u0001b\u007Fc\uFEFF", "abc")]
    [InlineData("色调，艳丽。", "色调,艳丽。")]
    public void Typography_is_made_plain_on_request(string text, string expected)
    {
        Assert.Equal(expected, PromptCleaner.Clean(text, straighten: true));
        Assert.Equal(text, PromptCleaner.Clean(text));
    }

    [Fact]
    public void Long_hostile_text_is_cleaned_in_one_pass()
    {
        Assert.Equal(1 << 20, PromptCleaner.Clean(new string('&', 1 << 20)).Length);
        Assert.Equal("\uFFFD", PromptCleaner.Clean("&#" + new string('9', 1 << 20)));
        Assert.Equal("", PromptCleaner.Clean(new string(' ', 1 << 20)));
    }
}
