using System.Numerics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Tessera.Backends.Cpu;
using Tessera.Cli.Output;
using Tessera.Media.Ffmpeg;
using Tessera.Neural.Products;

namespace Tessera.Cli.Running;

/// <summary>Looks at the machine without changing anything.</summary>
internal static class Doctor
{
    /// <summary>Version of this build.</summary>
    public static string Version =>
        typeof(Doctor).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public static DoctorReport Examine() => Examine(CudaExamination.OfThisMachine());

    /// <summary>The report with what was found of CUDA.</summary>
    internal static DoctorReport Examine(CudaExamination cuda) =>
        Examine(cuda, CpuPath.Of(CpuOptions.Default, MatrixProduct.BFloat16Fault));

    private static DoctorReport Examine(CudaExamination cuda, CpuPathReport cpu) => new()
    {
        Tessera = Version,
        Runtime = RuntimeInformation.FrameworkDescription,
        OperatingSystem = RuntimeInformation.OSDescription,
        Architecture = RuntimeInformation.ProcessArchitecture.ToString(),
        Processor = ProcessorInformation.Model,
        LogicalCores = Environment.ProcessorCount,
        VectorBits = Vector512.IsHardwareAccelerated ? 512
            : Vector256.IsHardwareAccelerated ? 256
            : Vector128.IsHardwareAccelerated ? 128
            : Vector<byte>.Count * 8,
        MemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        Checks = [.. ProcessorChecks(), .. Summary(cpu), .. ToolChecks(), .. cuda.Checks()],
        CpuPath = cpu,
        Kernels = cuda.Kernels(),
    };

    private static IEnumerable<DoctorCheck> ProcessorChecks()
    {
        if (RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86)
        {
            yield return Feature("AVX2 and FMA", Avx2.IsSupported && Fma.IsSupported, "avx2", "256-bit float32 and 8-bit kernels");
            yield return Feature(
                "AVX-512", Avx512F.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported, "avx512bw", "512-bit kernels");
            yield return Feature(
                "AVX-VNNI", ProcessorInformation.HasFlag("avx_vnni"), "avx_vnni", "8-bit dot products that do not saturate, 256 bits");
            yield return Feature(
                "AVX512-VNNI", ProcessorInformation.HasFlag("avx512_vnni"), "avx512_vnni",
                "8-bit dot products that do not saturate, 512 bits");
            yield return CpuOptions.EmittedCodeFault is { } fault
                ? new DoctorCheck("Emitted code", false, $"512-bit dot products fall back to what .NET exposes: {fault}")
                : new DoctorCheck("Emitted code", true, "512-bit dot products, written at run time since .NET 10 does not expose them");
            yield return MatrixProduct.BFloat16Fault is { } reason
                ? new DoctorCheck("AVX512-BF16", false, $"--precision bf16 is no faster than float32: {reason}")
                : new DoctorCheck("AVX512-BF16", true, "dot products of bfloat16, 512 bits, written at run time: for --precision bf16");
        }
        else if (RuntimeInformation.ProcessArchitecture is Architecture.Arm64)
        {
            yield return Feature("AdvSimd", AdvSimd.Arm64.IsSupported, "asimd", "128-bit kernels");
            yield return Feature("Dot product", Dp.Arm64.IsSupported, "asimddp", "8-bit dot products");
        }

        yield return ProcessorInformation.Caches is { Length: > 0 } caches
            ? new DoctorCheck("Caches", true, caches)
            : new DoctorCheck("Caches", false, "this system does not publish cache sizes under /sys");
    }

    /// <summary>What follows from the features for what is asked of the CPU.</summary>
    private static IEnumerable<DoctorCheck> Summary(CpuPathReport cpu)
    {
        string sets = cpu.InstructionSets.Count == 0 ? "portable code" : string.Join(", ", cpu.InstructionSets);
        yield return new DoctorCheck("CPU path", true, $"{sets}: vectors of {cpu.VectorBits} bits");
        yield return new DoctorCheck("  attention", true, Listed(cpu.Attention));
        yield return new DoctorCheck("  products", true, Listed(cpu.Products));
    }

    private static string Listed(IEnumerable<CpuPathProduct> products) =>
        string.Join("; ", products.Select(static product => $"{product.Operands}: {product.Instructions}"));

    private static IEnumerable<DoctorCheck> ToolChecks()
    {
        FfmpegTools tools = FfmpegTools.Find();
        yield return tools.IsAvailable
            ? new DoctorCheck(
                "ffmpeg", true, $"{tools.ReadVersionAsync().GetAwaiter().GetResult() ?? tools.Ffmpeg}: clips of any format can be read")
            : new DoctorCheck(
                "ffmpeg", false,
                $"{(tools.Ffmpeg is null ? "ffmpeg" : "ffprobe")} is not on PATH: only .y4m and .png clips can be read; install ffmpeg for "
                + "the others");
    }

    private static DoctorCheck Feature(string name, bool available, string flag, string use)
    {
        if (available)
        {
            return new DoctorCheck(name, true, use);
        }

        return new DoctorCheck(name, false, ProcessorInformation.HasFlag(flag)
            ? "the processor has it, but the runtime was told not to use it (DOTNET_Enable... variables)"
            : $"the processor does not report {flag}");
    }
}
