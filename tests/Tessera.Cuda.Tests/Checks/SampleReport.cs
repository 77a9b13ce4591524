using GpuCheck.Reporting;
using Tessera.Cuda.Driver;

namespace Tessera.Cuda.Tests.Checks;

/// <summary>Reports as a device might leave them.</summary>
internal static class SampleReport
{
    /// <summary>A complete report of some rows.</summary>
    public static StageReport Of(string stage, params CheckRow[] rows) => new()
    {
        Stage = stage,
        Purpose = "a test",
        Time = new DateTimeOffset(2026, 11, 21, 0, 0, 0, TimeSpan.Zero),
        Seconds = 1,
        Device = new CudaDeviceProperties
        {
            Name = "NVIDIA Test",
            Architecture = 90,
            DriverVersion = 13000,
            Multiprocessors = 1,
            SharedBytesPerBlock = 1,
            SharedBytesPerMultiprocessor = 1,
            RegistersPerMultiprocessor = 1,
            MemoryBytes = 1,
        },
        NvrtcVersion = 13010,
        IsQuick = false,
        IsComplete = true,
        Rows = rows,
    };
}
