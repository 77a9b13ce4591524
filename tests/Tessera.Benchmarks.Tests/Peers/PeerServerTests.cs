using Tessera.Attention;
using Tessera.Benchmarks.Peers;
using Tessera.Benchmarks.Timing;
using Tessera.Cli.Tests;
using Xunit;

namespace Tessera.Benchmarks.Tests.Peers;

/// <summary>The line protocol, with a shell script for a peer.</summary>
public sealed class PeerServerTests
{
    private static readonly AttentionShape Shape = new(1, 2, 32, 32, 16);

    [Fact]
    public void A_run_is_one_line_there_and_one_back()
    {
        // Answers the number of its own line, and keeps what it was asked.
        Serve("n=0; while read line; do n=$((n+1)); echo \"$line $PEER_THREADS\" >> \"$0.log\"; echo $n.5; done", (server, script) =>
        {
            Assert.Equal([1.5, 2.5], ((Sample[])[server.Run("mha", Shape), server.Run("att", Shape)]).Select(static run => run.Seconds));
            Assert.Equal(["mha 2 32 16 3", "att 2 32 16 3"], File.ReadAllLines(script + ".log"));
        });
    }

    [Fact]
    public void A_fault_of_the_peer_is_told_in_its_words() =>
        Serve("read line; echo error out of luck", static (server, _) => Assert.Contains(
            "error out of luck", Assert.Throws<InvalidOperationException>(() => server.Run("mha", Shape)).Message,
            StringComparison.Ordinal));

    [Fact]
    public void A_peer_that_ends_is_told_by_name() =>
        Serve("read line", static (server, _) => Assert.Contains(
            "shell peer ended", Assert.Throws<InvalidOperationException>(() => server.Run("mha", Shape)).Message, StringComparison.Ordinal));

    [Fact]
    public void What_is_missing_is_told_with_the_remedy()
    {
        using TemporaryFolder folder = new();
        using PeerFolder peers = PeerFolder.Open(folder.Path, 1);

        Assert.Empty(peers.Versions);
        Assert.Equal(PeerEngine.All.Count, peers.Absences.Count);
        Assert.All(peers.Absences, static line => Assert.Contains("--peers", line, StringComparison.Ordinal));
        Assert.Null(peers.Contestant("mha", Shape));
        Assert.Null((PeerEngine.OnnxRuntime with { VersionQuery = ["-e", "process.exit(1)"] }).FindVersion());
        Assert.Null((PeerEngine.OnnxRuntime with { Program = "no-such-program" }).FindVersion());
    }

    private static void Serve(string script, Action<PeerServer, string> use)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using TemporaryFolder folder = new();
        string path = folder.File("peer.sh");
        File.WriteAllText(path, script);
        using PeerServer server = new(new PeerEngine("shell peer", "sh", "peer.sh", [], [], ""), folder.Path, threads: 3);
        use(server, path);
    }
}
