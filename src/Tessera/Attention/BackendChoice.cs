namespace Tessera.Attention;

/// <summary>A chosen backend with the reasons.</summary>
/// <param name="Backend">What will run the plan.</param>
/// <param name="Reason">What it will use.</param>
/// <param name="Refused">Backends that came first and cannot run it, each with its reason.</param>
public sealed record BackendChoice(IAttentionBackend Backend, string Reason, IReadOnlyList<string> Refused);
