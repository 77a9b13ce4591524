using Xunit;

namespace Tessera.TestKit;

/// <summary>A theory over recorded data, skipped with the reason where the data is not; see <see cref="DataFactAttribute"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class DataTheoryAttribute : TheoryAttribute
{
    public DataTheoryAttribute(string relativePath, bool isFixture = false)
    {
        RelativePath = relativePath;
        IsFixture = isFixture;
        Skip = new DataFactAttribute(relativePath, isFixture).Skip;
    }

    public string RelativePath { get; }

    public bool IsFixture { get; }
}
