using System.Diagnostics;
using System.Text.Json;
using Tessera.Cuda.Emulation;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Tests.Stubs;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Tests.Checks;

/// <summary>The script of a visit, with the program and the toolkit's tools put in the place of the machine's.</summary>
public sealed class GpuCheckScriptTests : IDisposable
{
    // As cuobjdump prints it: addresses, predicates, a pair in braces, encodings, and lines with nothing but an encoding.
    private const string Sass =
        """
        	code for sm_90
        		Function : attend
        	.headerflags	@"EF_CUDA_SM90"
                /*0000*/                   LDC R1, c[0x0][0x28] ;                       /* 0x00000a00ff017b82 */
                                                                                        /* 0x000fe20000000800 */
                /*0010*/              @!P0 IMMA.16832.S8.S8 R4, R8.ROW, R12.COL, R4 ;   /* 0x000000000c047237 */
                /*0020*/                   IMMA.16832.S8.S8 R4, R8.ROW, R12.COL, R4 ;   /* 0x000000000c047237 */
                /*0030*/                 { LDSM.16.M88.4 R8, [R2] ;                     /* 0x000000000208783b */
                /*0040*/         @UP1      STL [R1], R3 }                               /* 0x0000000301007387 */
                /*0050*/                   MUFU.EX2 R3, R3 ;                            /* 0x0000000300037308 */
                /*0060*/                   NOP;                                         /* 0x0000000000007918 */
        		Function : feed
                /*0000*/                   UTMALDG.3D [UR8], [UR4] ;                    /* 0x00000008040075b4 */
                /*0010*/                   QGMMA.64x128x32.F32.E4M3.E4M3 R24, gdesc[UR8], R24 ;
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("gpu-check-script-").FullName;

    private string Work => Path.Combine(_folder, "work");

    private string Output => Path.Combine(_folder, "out");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [StubFact]
    public void Opcodes_are_counted_by_kernel()
    {
        Directory.CreateDirectory(Path.Combine(Work, "cubins"));
        File.WriteAllText(Path.Combine(Work, "cubins", "one.sm_90.cubin"), "code");
        File.WriteAllText(Path.Combine(_folder, "sample"), Sass);
        Program("cuobjdump", $"[ \"$1\" = -sass ] && cat '{_folder}/sample'");

        (int code, string said) = Run("sass");

        Assert.True(code == 0, said);
        Assert.Equal(
            """
            attend	IMMA.16832.S8.S8	2
            attend	LDC	1
            attend	LDSM.16.M88.4	1
            attend	MUFU.EX2	1
            attend	STL	1
            feed	QGMMA.64x128x32.F32.E4M3.E4M3	1
            feed	UTMALDG.3D	1

            """.ReplaceLineEndings("\n"),
            File.ReadAllText(Path.Combine(Work, "sass.tsv")));
        string report = File.ReadAllText(Path.Combine(Output, "report.md"));
        Assert.Contains("| attend | 6 | 2 IMMA.16832.S8.S8 | 1 | 0 |  | 1 | 0 | 0 | **1** |", report, StringComparison.Ordinal);
        Assert.Contains("| feed | 2 | 1 QGMMA.64x128x32.F32.E4M3.E4M3 | 0 | 0 | 1 UTMALDG.3D |", report, StringComparison.Ordinal);
        JsonElement stage = Stages()[0];
        Assert.Equal(2, stage.GetProperty("kernels").GetProperty("attend").GetProperty("IMMA.16832.S8.S8").GetInt32());
    }

    [StubFact]
    public void A_missing_tool_is_a_skip_with_its_reason()
    {
        (int code, string said) = Run("sass", "sanitize");

        Assert.True(code == 0, said);
        Assert.Equal("neither cuobjdump nor nvdisasm is installed", Stages()[0].GetProperty("skipped").GetString());
        Assert.Contains("skipped: compute-sanitizer is not installed", File.ReadAllText(Path.Combine(Output, "report.md")), StringComparison.Ordinal);
    }

    [StubFact]
    public void Findings_of_the_sanitizer_fail_the_stage()
    {
        Program("compute-sanitizer", "[ \"$2\" != racecheck ] || { echo 'hazard'; exit 2; }");

        (int code, string said) = Run("sanitize");

        Assert.True(code == 2, said);
        Assert.Contains("| memcheck | passed |\n| racecheck | **FAILED** |\n| synccheck | passed |", File.ReadAllText(Path.Combine(Output, "report.md")), StringComparison.Ordinal);
    }

    [EmulatedFact]
    public void The_first_visit_leaves_few_files_with_everything_in_them()
    {
        (int code, string said) = Run("m0", "smallest", "verify");

        // Verification refuses quick runs only of stages that verify; none of those ran.
        Assert.True(code == 0, said);
        string[] files = [.. Directory.GetFiles(Output).Select(static path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
        Assert.Equal(["cache.tar.gz", "details.tar.gz", "log.txt", "report.json", "report.md", "verified.json"], files);
        Assert.Equal(
            ["probe", "instructions", "ceilings", "sass", "smallest"],
            Stages().Select(static stage => stage.GetProperty("stage").GetString()));
        Assert.All(Stages().Where(static stage => stage.TryGetProperty("rows", out _)), static stage => Assert.True(stage.GetProperty("isComplete").GetBoolean()));
        Assert.Contains("== instructions, ", File.ReadAllText(Path.Combine(Output, "log.txt")), StringComparison.Ordinal);
    }

    [EmulatedFact]
    public void Another_machine_goes_on_from_what_an_earlier_one_left()
    {
        (int code, string said) = Run("probe", "smallest");
        Assert.True(code == 0, said);
        string earlier = Path.Combine(_folder, "earlier");
        Directory.Move(Output, earlier);
        Directory.Delete(Work, recursive: true);

        (code, said) = Run(("GPU_CHECK_EARLIER", earlier), "probe");

        Assert.True(code == 0, said);
        Assert.Equal(["probe", "smallest"], Stages().Select(static stage => stage.GetProperty("stage").GetString()));
        JsonElement[] compiled =
        [
            .. Stages()[0].GetProperty("rows").EnumerateArray()
                .Where(static row => row.GetProperty("name").GetString()!.EndsWith(", NVRTC", StringComparison.Ordinal)),
        ];
        Assert.Equal(KernelCatalogue.Modules.Count, compiled.Length);
        Assert.All(compiled, static row => Assert.EndsWith("; compiled earlier", row.GetProperty("detail").GetString(), StringComparison.Ordinal));
    }

    [StubFact]
    public void Without_time_every_stage_is_skipped_and_said_to_be()
    {
        (int code, string said) = Run(("GPU_CHECK_SECONDS", "0"), "m0", "timings");

        Assert.True(code == 0, said);
        Assert.Equal(5, Stages().Count);
        Assert.All(Stages(), static stage => Assert.Equal("out of time (GPU_CHECK_SECONDS=0)", stage.GetProperty("skipped").GetString()));
    }

    [StubFact]
    public void Without_a_device_the_exit_code_says_so()
    {
        (int code, string said) = Run(("TESSERA_CUDA_DRIVER", "/nonexistent/libcuda.so.1"), "instructions");

        Assert.True(code == 3, said);
        Assert.Contains("No CUDA device", said, StringComparison.Ordinal);
        (code, said) = Run(("TESSERA_CUDA_DRIVER", "/nonexistent/libcuda.so.1"), "verify");
        Assert.True(code == 0, said);
        Assert.Contains("0 kernels verified", said, StringComparison.Ordinal);
    }

    private List<JsonElement> Stages() =>
        [.. JsonDocument.Parse(File.ReadAllText(Path.Combine(Output, "report.json"))).RootElement.EnumerateArray()];

    private (int Code, string Said) Run(params string[] stages) => Run(("GPU_CHECK_SECONDS", "500"), stages);

    private (int Code, string Said) Run((string Name, string Value) variable, params string[] stages)
    {
        string dotnet = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        string program = Program("GpuCheck", $"exec '{dotnet}' '{Path.Combine(AppContext.BaseDirectory, "GpuCheck.dll")}' \"$@\"");
        ProcessStartInfo start = new("bash", [Path.Combine(TestRoots.Repository, "scripts", "gpu-check"), .. stages])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in ((string, string)[])
            [
                ("PATH", $"{_folder}:/usr/bin:/bin"), ("CUDA_HOME", "/nonexistent"), ("GPU_CHECK_PROGRAM", program), ("GPU_CHECK_WORK", Work),
                ("GPU_CHECK_OUTPUT", Output), ("GPU_CHECK_EARLIER", "/nonexistent"), ("GPU_CHECK_OPTIONS", "--quick"), ("TESSERA_CUDA_DRIVER", StubLibraries.Driver),
                ("TESSERA_NVRTC", StubLibraries.Nvrtc), ("STUB_ARCHITECTURE", "90"),
                ("STUB_EMULATOR", HostCompiler.ForHost is null ? "" : EmulationBuild.Build(EmulationBuild.KernelFolder)), variable,
            ])
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }

    private string Program(string name, string body)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, $"#!/usr/bin/env bash\n{body}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }
}
