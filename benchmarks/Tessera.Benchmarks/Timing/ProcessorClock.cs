using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tessera.Benchmarks.Timing;

/// <summary>
/// Processor time of a process over all its threads, ended ones too. Linux keeps one clock per process, readable by anyone in nanoseconds
/// (clock_getcpuclockid(3): its id is the inverted process id above three flag bits); elsewhere the coarser figure of the runtime serves.
/// </summary>
internal sealed partial class ProcessorClock(Process process)
{
    private const int SchedulerClock = 2;
    private readonly int _clock = (~process.Id << 3) | SchedulerClock;

    /// <summary>The clock of this process.</summary>
    public static ProcessorClock Own { get; } = new(Process.GetCurrentProcess());

    /// <summary>Seconds since the process started.</summary>
    public double Seconds
    {
        get
        {
            if (OperatingSystem.IsLinux() && ReadClock(_clock, out Timespec time) == 0)
            {
                return time.Seconds + (time.Nanoseconds * 1e-9);
            }

            process.Refresh();
            return process.TotalProcessorTime.TotalSeconds;
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ReadClock(int clock, out Timespec time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Timespec
    {
        public readonly nint Seconds;
        public readonly nint Nanoseconds;
    }
}
