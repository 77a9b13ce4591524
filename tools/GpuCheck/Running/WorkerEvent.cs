using System.Text.Json.Serialization;
using GpuCheck.Reporting;
using Tessera.Cuda.Driver;

namespace GpuCheck.Running;

/// <summary>What a worker tells: one line of JSON each.</summary>
internal sealed record WorkerEvent
{
    /// <summary>Number of the case that begins.</summary>
    public int? Case { get; init; }

    /// <summary>Name of the case that begins.</summary>
    public string? Name { get; init; }

    /// <summary>Seconds that it may take from row to row.</summary>
    public double Limit { get; init; }

    /// <summary>A row.</summary>
    public CheckRow? Row { get; init; }

    /// <summary>The device.</summary>
    public CudaDeviceProperties? Device { get; init; }

    /// <summary>A kernel that rows name.</summary>
    public KernelRecord? Kernel { get; init; }

    /// <summary>Whether all cases were run.</summary>
    public bool IsEnd { get; init; }
}

/// <summary>Reads and writes events, a line each.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(WorkerEvent))]
internal sealed partial class WorkerJsonContext : JsonSerializerContext;
