using Tessera.Attention;

namespace Tessera.Cli.Output;

/// <summary>Where a plan ran and why there.</summary>
/// <param name="Name">Backend.</param>
/// <param name="Reason">What it used.</param>
/// <param name="Refused">Backends that were preferred but cannot, each with its reason.</param>
internal sealed record BackendSummary(string Name, string Reason, IReadOnlyList<string> Refused)
{
    public static BackendSummary Of(BackendChoice choice) => new(choice.Backend.Name, choice.Reason, choice.Refused);
}
