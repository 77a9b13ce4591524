using System.Diagnostics;
using System.Text.Json;
using GpuCheck.Reporting;
using Tessera.Cuda.Tests.Stubs;

namespace Tessera.Cuda.Tests.Checks;

/// <summary>gpu-check in a process of its own, over the libraries that a test names.</summary>
/// <param name="ExitCode">What it ended with.</param>
/// <param name="Output">What it printed.</param>
/// <param name="Error">What it said besides.</param>
internal sealed record GpuCheckRun(int ExitCode, string Output, string Error)
{
    /// <summary>Runs it.</summary>
    /// <param name="folder">Folder of the reports.</param>
    /// <param name="variables">Environment beside that of the stubs.</param>
    /// <param name="stages">Stages and options.</param>
    public static GpuCheckRun Of(string folder, (string Name, string Value)[] variables, params string[] stages)
    {
        ProcessStartInfo start = new(
            Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet",
            [Path.Combine(AppContext.BaseDirectory, "GpuCheck.dll"), .. stages, "--output", folder, "--cache", Path.Combine(folder, "cache")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TESSERA_CUDA_DRIVER"] = StubLibraries.Driver;
        start.Environment["TESSERA_NVRTC"] = StubLibraries.Nvrtc;
        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new GpuCheckRun(process.ExitCode, output, error.Result);
    }

    public static StageReport Report(string folder, string stage) =>
        JsonSerializer.Deserialize(File.ReadAllText(Path.Combine(folder, $"{stage}.json")), ReportJsonContext.Default.StageReport)!;
}
