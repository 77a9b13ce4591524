using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tessera.Backends.Cpu;
using Tessera.Cli.Output;
using Tessera.Cli.Running;
using Tessera.Cuda.Compilation;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Verification;
using Tessera.Neural.Products;
using Xunit;

namespace Tessera.Cli.Tests.Commands;

public sealed class DoctorCommandTests
{
    [Fact]
    public void JsonNamesTheMachineAndGivesAReasonForEveryNo()
    {
        JsonElement report = CommandRun.Of("doctor", "--json").Succeeded().Json;

        Assert.Equal(1, report.GetProperty("version").GetInt32());
        Assert.Equal("doctor", report.GetProperty("command").GetString());
        Assert.Equal(Environment.ProcessorCount, report.GetProperty("logicalCores").GetInt32());
        Assert.Contains(report.GetProperty("vectorBits").GetInt32(), new[] { 64, 128, 256, 512 });
        Assert.True(report.GetProperty("memoryBytes").GetInt64() > 1 << 20);
        string[] names = [.. report.GetProperty("checks").EnumerateArray().Select(static check => check.GetProperty("name").GetString()!)];
        Assert.Superset(new HashSet<string> { "ffmpeg", "CUDA driver", "NVRTC", "Kernel cache", "Verified kernels", "cuda backend" }, new HashSet<string>(names));
        Assert.All(report.GetProperty("checks").EnumerateArray(), static check => Assert.NotEqual("", check.GetProperty("detail").GetString()));
    }

    [Fact]
    public void TextSaysTheSame()
    {
        CommandRun run = CommandRun.Of("doctor").Succeeded();

        Assert.Contains("logical cores", run.Output, StringComparison.Ordinal);
        Assert.Contains("cuda backend", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void TheCpuPathSaysWhatMultipliesWhat()
    {
        JsonElement path = CommandRun.Of("doctor", "--json").Succeeded().Json.GetProperty("cpuPath");
        string[] attention = [.. path.GetProperty("attention").EnumerateArray().Select(static one => one.GetProperty("operands").GetString()!)];
        Assert.Equal(["fp32", CpuBackend.PreferredInt8.Name, "k4v4"], attention);
        Assert.Equal(
            MatrixProduct.BFloat16Fault is null,
            path.GetProperty("instructionSets").EnumerateArray().Any(static set => set.GetString() == "AVX512-BF16"));
        string text = CommandRun.Of("doctor").Succeeded().Output;
        Assert.Contains($"vectors of {path.GetProperty("vectorBits").GetInt32()} bits", text, StringComparison.Ordinal);
        Assert.Contains("products", text, StringComparison.Ordinal);
    }

    /// <summary>What other processors have, as options and reasons.</summary>
    [Fact]
    public void EveryCpuPathIsDescribed()
    {
        CpuPathReport portable = CpuPath.Of(new CpuOptions { InstructionSet = CpuInstructionSet.Vector128 }, "no such processor");
        Assert.Equal([], portable.InstructionSets);
        Assert.Equal(128, portable.VectorBits);
        Assert.Equal(new CpuPathProduct("fp32", "QK float 128, PV float 128"), portable.Attention[0]);
        Assert.Equal(new CpuPathProduct("int8-narrow", "QK int7 x int8 128, PV int7 x int8 128"), portable.Attention[1]);
        Assert.Equal(new CpuPathProduct("bf16", "rounded operands and 128-bit multiply-adds, no faster"), portable.Products[1]);
        CpuPathReport fast = CpuPath.Of(new CpuOptions { InstructionSet = CpuInstructionSet.Vector128 }, null);
        Assert.Equal(["AVX512-BF16"], fast.InstructionSets);
        Assert.Equal("512-bit vdpbf16ps", fast.Products[1].Instructions);
        if (CpuOptions.Default.EffectiveInstructionSet == CpuInstructionSet.Vector512)
        {
            CpuPathReport avx2 = CpuPath.Of(new CpuOptions { InstructionSet = CpuInstructionSet.Vector256, UseVnni = false }, "none");
            Assert.Equal(["AVX2", "FMA"], avx2.InstructionSets);
            Assert.Equal("256-bit multiply-adds", avx2.Products[0].Instructions);
        }
    }

    /// <summary>The switch of the process, in a process that sets it: emitted code is refused, and the reason is said wherever it shows.</summary>
    [Fact]
    public void ASwitchKeepsAProcessFromEmittedCode()
    {
        const string Reason = "the process sets Tessera.AllowEmittedCode to false";
        using TemporaryFolder folder = new();
        string settings = folder.File("settings.json");
        File.WriteAllText(settings, WithSwitch(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Tessera.Cli.runtimeconfig.json"))));
        using CommandProcess process = CommandProcess.StartWith(settings, "doctor", "--json");
        using JsonDocument document = JsonDocument.Parse(process.ReadOutput());
        Dictionary<string, JsonElement> checks = document.RootElement.GetProperty("checks").EnumerateArray()
            .ToDictionary(static check => check.GetProperty("name").GetString()!);
        if (!checks.TryGetValue("Emitted code", out JsonElement emitted))
        {
            Assert.NotEqual(Architecture.X64, RuntimeInformation.ProcessArchitecture);
            return;
        }

        Assert.False(emitted.GetProperty("available").GetBoolean());
        Assert.Contains(Reason, emitted.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal($"--precision bf16 is no faster than float32: {Reason}", checks["AVX512-BF16"].GetProperty("detail").GetString());
        JsonElement path = document.RootElement.GetProperty("cpuPath");
        Assert.DoesNotContain(path.GetProperty("instructionSets").EnumerateArray(), static set => set.GetString() is "AVX512-VNNI" or "AVX512-BF16");
        Assert.All(
            path.GetProperty("attention").EnumerateArray(),
            static one => Assert.DoesNotContain("vnni 512", one.GetProperty("instructions").GetString(), StringComparison.Ordinal));
        Assert.NotEqual(Reason, CpuOptions.EmittedCodeFault);
    }

    private static string WithSwitch(string settings)
    {
        JsonNode root = JsonNode.Parse(settings)!;
        JsonNode options = root["runtimeOptions"]!;
        options["configProperties"] ??= new JsonObject();
        options["configProperties"]!["Tessera.AllowEmittedCode"] = false;
        return root.ToJsonString();
    }

    [Fact]
    public void JsonListsEveryKernelOfTheCudaBackendWithItsState()
    {
        JsonElement[] kernels = [.. CommandRun.Of("doctor", "--json").Succeeded().Json.GetProperty("kernels").EnumerateArray()];

        Assert.Contains(kernels, static kernel => kernel.GetProperty("name").GetString() == "sm80_int8_qk_int8_pv_block_sparse_d128_r64_fine_quantized");
        Assert.All(kernels, static kernel => Assert.NotEqual("", kernel.GetProperty("detail").GetString()));
    }

    [Fact]
    public void AMachineWithAGpuIsDescribed()
    {
        CudaDeviceProperties device = new()
        {
            Name = "NVIDIA H200",
            Architecture = 90,
            Multiprocessors = 132,
            SharedBytesPerBlock = 232448,
            MemoryBytes = 141L << 30,
        };
        CudaSystem system = new()
        {
            DriverFile = "libcuda.so.1",
            DriverVersion = 13000,
            Devices = [device],
            NvrtcFile = "libnvrtc.so.13",
            NvrtcVersion = 13000,
        };
        using TemporaryFolder folder = new();
        KernelCache cache = new(folder.Path);
        cache.Write("whole", [1, 2, 3]);
        Dictionary<string, DoctorCheck> checks = Checks(system, cache);

        Assert.Equal("libcuda.so.1, CUDA 13.0", checks["CUDA driver"].Detail);
        Assert.Equal("NVIDIA H200, sm_90, 132 multiprocessors, 141.0 GiB, 227 KiB of shared memory a block", checks["GPU 0"].Detail);
        Assert.Equal("libnvrtc.so.13, 13.0", checks["NVRTC"].Detail);
        Assert.True(checks["Kernel cache"].Available);
        Assert.Contains("for sm_90", checks["Verified kernels"].Detail, StringComparison.Ordinal);
        Assert.Equal(new DoctorCheck("cuda backend", true, "NVIDIA H200, NVRTC"), checks["cuda backend"]);

        File.WriteAllText(Path.Combine(folder.Path, "broken.cubin"), "no kernel");
        checks = Checks(system with { NvrtcFault = "libnvrtc.so.13 cannot be loaded" }, cache);
        Assert.False(checks["Kernel cache"].Available);
        Assert.Contains("1 damaged", checks["Kernel cache"].Detail, StringComparison.Ordinal);
        Assert.Contains("the driver compiles the package's PTX instead (sm_80, sm_89)", checks["NVRTC"].Detail, StringComparison.Ordinal);
        Assert.Equal("NVIDIA H200, PTX", checks["cuda backend"].Detail);
    }

    [Fact]
    public void AGpuThatIsTooOldIsNamed()
    {
        CudaDeviceProperties device = new() { Name = "Tesla T4", Architecture = 75, Multiprocessors = 40, SharedBytesPerBlock = 65536 };
        const string Fault = "Tesla T4 is sm_75; the kernels need sm_80 (Ampere) or later";
        using TemporaryFolder folder = new();
        Dictionary<string, DoctorCheck> checks = Checks(
            new CudaSystem { DriverFile = "libcuda.so.1", DriverVersion = 12080, Devices = [device], Fault = Fault }, new KernelCache(folder.Path));

        Assert.True(checks["CUDA driver"].Available);
        Assert.Equal(new DoctorCheck("GPU 0", false, Fault), checks["GPU 0"]);
        Assert.Equal(new DoctorCheck("cuda backend", false, Fault), checks["cuda backend"]);
    }

    private static Dictionary<string, DoctorCheck> Checks(CudaSystem system, KernelCache cache) =>
        new CudaExamination(system, cache, VerificationManifest.Shared).Checks().ToDictionary(static check => check.Name);
}
