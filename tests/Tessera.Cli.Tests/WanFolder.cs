namespace Tessera.Cli.Tests;

/// <summary>A tiny random model, written once for a class of tests.</summary>
public sealed class WanFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public WanFolder() => CommandRun.Of("wan", "init", "--config", "tiny", "--seed", "4", "--output", Path).Succeeded();

    public string Path => _folder.File("model");

    public void Dispose() => _folder.Dispose();
}
