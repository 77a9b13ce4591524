using System.Diagnostics;
using System.Text.Json;
using GpuCheck.Inputs;
using GpuCheck.Reporting;
using Tessera.Attention;
using Tessera.Masks;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Tests.Peers;

/// <summary>
/// scripts/gpu_peers.py from end to end over a PyTorch of shapes: arguments, the lists that the timings stage writes, rows, failures and
/// both reports, before a GPU is there to be waited for.
/// </summary>
public sealed class GpuPeersTests : IDisposable
{
    private static readonly AttentionShape Wan = new(1, 12, 32760, 32760, 128);

    private readonly string _folder = Directory.CreateTempSubdirectory("tessera-peers-").FullName;

    [PythonFact]
    public void Every_peer_has_a_row_and_lists_reach_it_as_they_were_written()
    {
        BlockMask lists = RandomLists.Make(12, 32760, 0.2, new BlockSize(64, 64));
        ListFile.Write(Path.Combine(_folder, ListFile.NameOf(Wan, 0.2)), lists);
        WriteTimings(CheckRow.Figure($"paro-released {Wan} density 0.2, all", 300, "TOP/s"), CheckRow.Figure($"bf16 {Wan} density 1, all", 400, "TOP/s"));

        (int code, _, string error) = Run();

        Assert.True(code == 0, error);
        JsonElement report = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "peers.json"))).RootElement;
        Assert.Equal("Stub GPU", report.GetProperty("device").GetString());
        Dictionary<string, JsonElement> rows = report.GetProperty("rows").EnumerateArray().ToDictionary(static row => row.GetProperty("name").GetString()!);
        Assert.All(rows.Values, static row => Assert.True(row.GetProperty("value").ValueKind == JsonValueKind.Number, row.ToString()));

        // Everything takes 2 ms here.
        double operations = Wan.DenseOperations;
        Assert.Equal(2 * Math.Pow(8192, 3) / 2e-3 / 1e12, Value(rows, "bf16 product 8192^3"), 6);
        Assert.Equal(2 * Math.Pow(2, 31) / 2e-3 / 1e12, Value(rows, "copy of 2 GiB"), 6);
        Assert.Equal(operations / 2e-3 / 1e12, Value(rows, "SDPA cuDNN [1, 12, 32760, 128]"), 6);
        Assert.Contains("SDPA flash [1, 48, 17776, 64]", rows.Keys);
        JsonElement flex = Assert.Single(rows, static row => row.Key.StartsWith("FlexAttention lists-32760x12x128-0.2, density 0.199", StringComparison.Ordinal)
            && row.Key.EndsWith("3 stages", StringComparison.Ordinal)).Value;
        Assert.Equal(operations * lists.Density / 2e-3 / 1e12, flex.GetProperty("value").GetDouble(), 6);

        // Ours at 300 TOP/s over a fifth of the blocks, and at 400 over all, against 2 ms.
        Assert.Equal(2e-3 / (operations * lists.Density / 300e12), Value(rows, $"ours, paro-released {Wan} density 0.2, all"), 6);
        Assert.Equal(2e-3 / (operations / 400e12), Value(rows, $"ours, bf16 {Wan} density 1, all"), 6);

        string[] calls = File.ReadAllLines(Path.Combine(_folder, "calls"));
        Assert.Equal(2 * 25, calls.Count(call => call == $"flex [1, 12, 32760, 128] {lists.KeptBlocks} blocks"));
        Assert.Equal(25, calls.Count(static call => call == "sdpa cudnn [1, 16, 32768, 128]"));
        string table = File.ReadAllText(Path.Combine(_folder, "peers.md"));
        Assert.Contains("| SDPA flash [1, 12, 32760, 128] |", table, StringComparison.Ordinal);
        Assert.Contains("| torch._scaled_mm e4m3 8192^3 |", table, StringComparison.Ordinal);
        Assert.Contains("100.0%", table, StringComparison.Ordinal);
    }

    [PythonFact]
    public void A_peer_that_fails_is_a_row_with_its_reason()
    {
        ListFile.Write(Path.Combine(_folder, ListFile.NameOf(Wan, 0.5)), RandomLists.Make(12, 32760, 0.01, new BlockSize(64, 64)));

        (int code, _, string error) = Run(["--product", "64"], ("STUB_TORCH_FAIL", "_int_mm,cudnn,flex-3"));

        Assert.True(code == 0, error);
        string table = File.ReadAllText(Path.Combine(_folder, "peers.md"));
        string[] lines = [.. table.Split('\n').Where(static line => line.StartsWith("| ", StringComparison.Ordinal))];
        Assert.All(lines, static line => Assert.Equal(7, line.Count(static c => c == '|')));
        Assert.Contains(lines, static line => line.StartsWith("| torch._int_mm 64^3 |  | TOP/s |", StringComparison.Ordinal)
            && line.Contains("skipped: RuntimeError: _int_mm is not   to be had here", StringComparison.Ordinal));
        Assert.Equal(3, lines.Count(static line => line.StartsWith("| SDPA cuDNN", StringComparison.Ordinal) && line.Contains("skipped", StringComparison.Ordinal)));
        Assert.Contains(lines, static line => line.Contains("2 stages", StringComparison.Ordinal) && !line.Contains("skipped", StringComparison.Ordinal));
        Assert.Contains(lines, static line => line.Contains("3 stages", StringComparison.Ordinal) && line.Contains("skipped", StringComparison.Ordinal));
    }

    [PythonFact]
    public void A_run_that_is_cut_short_leaves_what_it_has()
    {
        (int code, _, _) = Run([], ("STUB_TORCH_DIE", "flash"));

        Assert.Equal(77, code);
        JsonElement rows = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "peers.json"))).RootElement.GetProperty("rows");
        Assert.Equal("SDPA cuDNN [1, 12, 32760, 128]", rows.EnumerateArray().Last().GetProperty("name").GetString());
        Assert.Contains("copy of 2 GiB", File.ReadAllText(Path.Combine(_folder, "peers.md")), StringComparison.Ordinal);
    }

    [PythonFact]
    public void A_list_file_that_is_damaged_says_which()
    {
        string path = Path.Combine(_folder, ListFile.NameOf(Wan, 0.1));
        ListFile.Write(path, RandomLists.Make(12, 32760, 0.01, new BlockSize(64, 64)));
        File.AppendAllBytes(path, new byte[8]);

        (int code, _, string error) = Run();

        Assert.Equal(1, code);
        Assert.Contains($"{path}: 2 words left over", error, StringComparison.Ordinal);
    }

    [PythonFact]
    public void Without_a_device_it_says_so()
    {
        (int code, _, string error) = Run([], ("STUB_TORCH_DEVICES", "0"));

        Assert.Equal(3, code);
        Assert.Contains("PyTorch sees no CUDA device", error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder, "peers.json")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static double Value(Dictionary<string, JsonElement> rows, string name) => rows[name].GetProperty("value").GetDouble();

    private void WriteTimings(params CheckRow[] rows)
    {
        StageReport report = new()
        {
            Stage = "timings",
            Purpose = "time",
            Time = DateTimeOffset.UnixEpoch,
            Seconds = 1,
            NvrtcVersion = 0,
            IsQuick = false,
            Rows = rows,
        };
        File.WriteAllText(Path.Combine(_folder, "timings.json"), JsonSerializer.Serialize(report, ReportJsonContext.Default.StageReport));
    }

    private (int Code, string Output, string Error) Run(string[]? arguments = null, params (string Name, string Value)[] variables)
    {
        ProcessStartInfo start = new(
            PythonFactAttribute.Command,
            ["-B", Path.Combine(TestRoots.Repository, "scripts", "gpu_peers.py"), "--output", _folder, .. arguments ?? []])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PYTHONPATH"] = Path.Combine(TestRoots.Repository, "tests", "Tessera.Cuda.Tests", "Peers", "StubTorch");
        start.Environment["STUB_TORCH_LOG"] = Path.Combine(_folder, "calls");
        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
