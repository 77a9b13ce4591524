using Tessera.Cuda.Verification;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Tests.Verification;

/// <summary>docs/status.md lists the kernels that no hardware has verified, and no others.</summary>
public sealed class StatusPageTests
{
    private const string Heading = "## Kernels that no hardware has verified";

    [Fact]
    public void The_status_page_lists_every_unverified_kernel()
    {
        string[] lines = File.ReadAllLines(Path.Combine(TestRoots.Repository, "docs", "status.md"));
        string[] listed =
        [
            .. lines.SkipWhile(static line => line != Heading).SkipWhile(static line => line != "```text").Skip(1)
                .TakeWhile(static line => line != "```"),
        ];
        string[] unverified =
        [
            .. VerificationManifest.Shared.Examine(90).Where(static state => !state.IsVerified).Select(static state => state.Kernel),
        ];
        string wanted = string.Join('\n', unverified);

        Assert.True(listed.SequenceEqual(unverified), $"The list under '{Heading}' of docs/status.md is of another day; wanted\n{wanted}");
    }
}
