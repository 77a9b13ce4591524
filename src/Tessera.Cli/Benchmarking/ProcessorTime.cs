using System.Diagnostics;
using System.Runtime.Versioning;

namespace Tessera.Cli.Benchmarking;

/// <summary>Processor time of this process over all threads. On a shared machine it is steadier than wall time.</summary>
internal static class ProcessorTime
{
    public static TimeSpan Total => IsPrecise ? Environment.CpuUsage.TotalTime : Process.GetCurrentProcess().TotalProcessorTime;

    // Environment.CpuUsage asks getrusage (microseconds); Process reads clock ticks (10 ms) on Linux.
    [UnsupportedOSPlatformGuard("ios")]
    [UnsupportedOSPlatformGuard("tvos")]
    private static bool IsPrecise => !OperatingSystem.IsIOS() && !OperatingSystem.IsTvOS();
}
