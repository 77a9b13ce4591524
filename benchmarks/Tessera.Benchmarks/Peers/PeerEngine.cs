using System.ComponentModel;
using System.Diagnostics;

namespace Tessera.Benchmarks.Peers;

/// <summary>Another engine that computes attention on CPUs: what runs its script, and how to get it.</summary>
/// <param name="Name">Name in tables.</param>
/// <param name="Program">Interpreter of the script.</param>
/// <param name="Script">File name of the script in the peers folder.</param>
/// <param name="VersionQuery">Arguments that make the interpreter print the engine's version, or fail when it is not installed.</param>
/// <param name="Operations">Operations that the script knows, the fastest first.</param>
/// <param name="Remedy">How to install it.</param>
internal sealed record PeerEngine(
    string Name, string Program, string Script, IReadOnlyList<string> VersionQuery, IReadOnlyList<string> Operations, string Remedy)
{
    private const string SystemPython = "/usr/bin/python3";

    public static PeerEngine OnnxRuntime { get; } = new(
        "ONNX Runtime", "node", "ort_attention.js",
        ["-e", "require('onnxruntime-node'); console.log(require('onnxruntime-node/package.json').version)"], ["mha", "att23"],
        "npm install onnxruntime-node --onnxruntime-node-install=skip, and set NODE_PATH to the node_modules folder it made");

    // Debian's own interpreter: the package of its PyTorch is not visible to other Pythons on the path.
    public static PeerEngine PyTorch { get; } = new(
        "PyTorch", File.Exists(SystemPython) ? SystemPython : "python3", "torch_attention.py",
        ["-c", "import torch; print(torch.__version__)"], ["baddbmm", "eager", "chunk", "sdpa"],
        "apt-get install python3-torch libopenblas-dev");

    public static IReadOnlyList<PeerEngine> All { get; } = [OnnxRuntime, PyTorch];

    /// <summary>The installed version, or null when the engine cannot be loaded.</summary>
    public string? FindVersion()
    {
        try
        {
            using Process query = Process.Start(
                new ProcessStartInfo(Program, VersionQuery) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            query.ErrorDataReceived += static (_, _) => { };
            query.BeginErrorReadLine();
            string version = query.StandardOutput.ReadToEnd().Trim();
            query.WaitForExit();
            return query.ExitCode == 0 ? version : null;
        }
        catch (Win32Exception)
        {
            // The interpreter itself is not there.
            return null;
        }
    }
}
