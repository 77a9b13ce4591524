using Xunit;

namespace Tessera.TestKit;

/// <summary>A fact that needs recorded data below <see cref="TestRoots.Data"/> or <see cref="TestRoots.Fixtures"/>: skipped with the reason when it is missing, failing loudly in CI.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class DataFactAttribute : FactAttribute
{
    public DataFactAttribute(string relativePath, bool isFixture = false)
    {
        RelativePath = relativePath;
        string path = Path.Combine(isFixture ? TestRoots.Fixtures : TestRoots.Data, relativePath);
        if (!TestRoots.IsContinuousIntegration && TestRoots.MissingReason(path) is { } reason)
        {
            Skip = reason;
        }
    }

    public string RelativePath { get; }
}
