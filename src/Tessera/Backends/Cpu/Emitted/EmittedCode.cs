namespace Tessera.Backends.Cpu.Emitted;

/// <summary>Whether a process runs code that is not compiled.</summary>
internal static class EmittedCode
{
    /// <summary>
    /// Switch of <see cref="AppContext"/>: false, before the first use, keeps a process from all emitted code; true where it is not given.
    /// </summary>
    public const string SwitchName = "Tessera.AllowEmittedCode";

    /// <summary>Why not, or null.</summary>
    public static string? Refusal => AppContext.TryGetSwitch(SwitchName, out bool isAllowed) && !isAllowed
        ? $"the process sets {SwitchName} to false"
        : null;
}
