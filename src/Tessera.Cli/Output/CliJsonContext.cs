using System.Text.Json.Serialization;

namespace Tessera.Cli.Output;

/// <summary>The JSON of all reports: camelCase, indented, names instead of enum numbers.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(BenchmarkReport))]
[JsonSerializable(typeof(ComparisonReport))]
[JsonSerializable(typeof(DemoReport))]
[JsonSerializable(typeof(DoctorReport))]
[JsonSerializable(typeof(EstimateReport))]
[JsonSerializable(typeof(ExplainReport))]
[JsonSerializable(typeof(Float8Report))]
[JsonSerializable(typeof(GenerateReport))]
[JsonSerializable(typeof(LocalityReport))]
[JsonSerializable(typeof(PlanCostReport))]
[JsonSerializable(typeof(PlanReport))]
[JsonSerializable(typeof(ProbabilityReport))]
[JsonSerializable(typeof(RunReport))]
[JsonSerializable(typeof(WanInitReport))]
[JsonSerializable(typeof(WanConvertReport))]
[JsonSerializable(typeof(WanInspectReport))]
internal sealed partial class CliJsonContext : JsonSerializerContext;
