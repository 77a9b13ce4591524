using System.Text.Json.Serialization;
using Tessera.Cuda.Driver;

namespace GpuCheck.Reporting;

/// <summary>What one stage found; written as <c>NAME.json</c>, anew with every row.</summary>
internal sealed record StageReport
{
    public required string Stage { get; init; }

    public required string Purpose { get; init; }

    public required DateTimeOffset Time { get; init; }

    public required double Seconds { get; init; }

    /// <summary>The device; null where there is none.</summary>
    public CudaDeviceProperties? Device { get; init; }

    public required int NvrtcVersion { get; init; }

    /// <summary>Whether sizes were cut down for a dry run; such a report proves nothing of hardware.</summary>
    public required bool IsQuick { get; init; }

    /// <summary>Whether the stage came to its end; false while it runs, and for good when it was stopped.</summary>
    public bool IsComplete { get; init; }

    public required IReadOnlyList<CheckRow> Rows { get; init; }

    /// <summary>Kernels that the rows name, as they ran.</summary>
    public IReadOnlyList<KernelRecord> Kernels { get; init; } = [];

    [JsonIgnore]
    public bool HasFailed => !IsComplete || Rows.Any(static row => row.Outcome == CheckOutcome.Failed);
}

/// <summary>Reads and writes reports.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(StageReport))]
internal sealed partial class ReportJsonContext : JsonSerializerContext;
