using Tessera.Attention;
using Xunit;

namespace Tessera.Cli.Tests;

public sealed class CommandFailureTests
{
    public static TheoryData<Exception, int> Failures => new()
    {
        { new OperationCanceledException(), ExitCode.Cancelled },
        { new BackendUnavailableException("no"), ExitCode.Unsupported },
        { new PlanMismatchException("no"), ExitCode.BadInput },
        { new ArgumentException("no", "x"), ExitCode.BadInput },
        { new IOException("no"), ExitCode.BadInput },
        { new InvalidDataException("no"), ExitCode.BadInput },
        { new UnauthorizedAccessException("no"), ExitCode.BadInput },
        { new InvalidOperationException("no"), ExitCode.InternalFault },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void EveryExceptionHasACode(Exception exception, int code) => Assert.Equal(code, CommandFailure.Of(exception).ExitCode);

    [Fact]
    public void ParameterNamesOfOurCodeAreNotShown() =>
        Assert.Equal("The grid is too big.", CommandFailure.Of(new ArgumentException("The grid is too big.", "grid")).Line);

    [Fact]
    public void SeveralLinesBecomeOne() => Assert.Equal("first second", CommandFailure.Of(new IOException("first\r\n  second")).Line);
}
