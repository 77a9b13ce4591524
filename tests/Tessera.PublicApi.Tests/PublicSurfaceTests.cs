using System.Reflection;
using Tessera.TestKit;
using Xunit;

namespace Tessera.PublicApi.Tests;

/// <summary>
/// The public surface of each package is a committed text file, so that every change of it is a visible diff. To accept a change, read the
/// received file that a failing test names and copy it over the approved one.
/// </summary>
public sealed class PublicSurfaceTests
{
    [Theory]
    [InlineData("Tessera")]
    [InlineData("Tessera.Cuda")]
    [InlineData("Tessera.Media")]
    [InlineData("Tessera.Neural")]
    [InlineData("Tessera.Wan")]
    public void The_public_surface_is_the_approved_one(string package)
    {
        string approvedPath = Path.Combine(TestRoots.Repository, "tests", "Tessera.PublicApi.Tests", $"{package}.approved.txt");
        string receivedPath = Path.Combine(AppContext.BaseDirectory, $"{package}.received.txt");
        string received = PublicSurface.Of(Assembly.Load(package));
        File.WriteAllText(receivedPath, received);

        string[] approved = File.Exists(approvedPath) ? File.ReadAllLines(approvedPath) : [];
        string[] lines = received.TrimEnd('\n').Split('\n');
        string[] added = [.. lines.Except(approved).Take(10)];
        string[] removed = [.. approved.Except(lines).Take(10)];

        Assert.True(
            lines.SequenceEqual(approved),
            $"The public surface of {package} changed.\nadded: {string.Join("\n  ", added)}\nremoved: {string.Join("\n  ", removed)}\nIf that is meant, copy {receivedPath} to {approvedPath}.");
    }
}
