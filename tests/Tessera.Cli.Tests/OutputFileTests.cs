using Tessera.Cli.Output;
using Xunit;

namespace Tessera.Cli.Tests;

public sealed class OutputFileTests
{
    [Fact]
    public void AFailedWriteKeepsTheOldFileAndLeavesNothingElse()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.File("out.bin"), "old");
        OutputFile output = OutputFile.Open(folder.File("out.bin"));

        Assert.Throws<InvalidOperationException>(() => output.Write(static stream =>
        {
            stream.WriteByte(1);
            throw new InvalidOperationException();
        }));

        Assert.Equal("old", File.ReadAllText(folder.File("out.bin")));
        Assert.Equal(["out.bin"], folder.Files);
    }

    [Fact]
    public void ASuccessfulWriteReplacesTheFile()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.File("out.bin"), "old");

        OutputFile.Open(folder.File("out.bin")).Write("new");

        Assert.Equal("new", File.ReadAllText(folder.File("out.bin")));
        Assert.Equal(["out.bin"], folder.Files);
    }

    [Fact]
    public void TheInputIsRecognisedThroughALink()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.File("in.bin"), "data");
        File.CreateSymbolicLink(folder.File("link.bin"), folder.File("in.bin"));

        CommandException exception = Assert.Throws<CommandException>(() => OutputFile.Open(folder.File("link.bin"), folder.File("in.bin")));

        Assert.Equal(ExitCode.BadInput, exception.ExitCode);
        Assert.Contains("never overwritten", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingFolderAndAFolderAreRefused()
    {
        using TemporaryFolder folder = new();

        Assert.Contains("does not exist", Assert.Throws<CommandException>(() => OutputFile.Open(folder.File("no/out.bin"))).Message, StringComparison.Ordinal);
        Assert.Contains("is a folder", Assert.Throws<CommandException>(() => OutputFile.Open(folder.Path)).Message, StringComparison.Ordinal);
        Assert.Empty(folder.Files);
    }
}
