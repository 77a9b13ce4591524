using System.Runtime.InteropServices;

namespace Tessera.Backends.Cpu.Costs;

/// <summary>What cost constants depend on beside the recipe.</summary>
internal static class MachineKey
{
    /// <summary>What the part of the key that names the build starts with.</summary>
    public const string Build = ", tessera ";

    private const string LinuxProcessors = "/proc/cpuinfo";

    /// <summary>Processor, instruction set, threads, and the build of the kernels.</summary>
    public static string Of(CpuOptions options)
    {
        Version version = typeof(MachineKey).Assembly.GetName().Version ?? new Version();
        return $"{Processor()}, {options.EffectiveInstructionSet}{(options.EffectiveVnni ? " with vnni" : "")}, "
            + $"{options.EffectiveThreads} of {Environment.ProcessorCount} threads"
            + $"{Build}{version.ToString(3)} {typeof(MachineKey).Module.ModuleVersionId:N}";
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
