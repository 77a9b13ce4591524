using System.Runtime.InteropServices;

namespace Tessera.Backends.Cpu.Costs;

/// <summary>What cost constants depend on beside the recipe.</summary>
internal static class MachineKey
{
    private const string LinuxProcessors = "/proc/cpuinfo";

    /// <summary>Processor, instruction set, threads, and the build of the kernels.</summary>
    public static string Of(CpuOptions options)
    {
        Version version = typeof(MachineKey).Assembly.GetName().Version ?? new Version();
        return $"{Processor()}, {options.EffectiveInstructionSet}{(options.EffectiveVnni ? " with vnni" : "")}, "
            + $"{options.EffectiveThreads} of {Environment.ProcessorCount} threads, "
            + $"tessera {version.ToString(3)} {typeof(MachineKey).Module.ModuleVersionId:N}";
    }

    private static string Processor()
    {
        try
        {
            string? model = File.Exists(LinuxProcessors)
                ? File.ReadLines(LinuxProcessors).FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal))
                : null;
            return model?[(model.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
                ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER")
                ?? $"{RuntimeInformation.ProcessArchitecture} processor";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $"{RuntimeInformation.ProcessArchitecture} processor";
        }
    }
}
