using Tessera.TestKit;
using Xunit;

namespace Tessera.Cli.Tests.Documentation;

/// <summary>Skipped with the reason where there is no compiler; in continuous integration that is a failure.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SnippetFactAttribute : FactAttribute
{
    public SnippetFactAttribute()
    {
        if (SnippetCompiler.Find() is null)
        {
            Skip = TestRoots.IsContinuousIntegration
                ? throw new FileNotFoundException("There is a .NET runtime here, but no SDK beside it, whose compiler reads the documentation.")
                : "There is no SDK beside this runtime, whose compiler reads the documentation.";
        }
    }
}
