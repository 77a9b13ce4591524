namespace Tessera.Cli;

/// <summary>What the process ends with; part of the contract with scripts.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>The command line is wrong: nothing was read.</summary>
    public const int Usage = 1;

    /// <summary>A file, its contents or the place to write is wrong.</summary>
    public const int BadInput = 2;

    /// <summary>The request is sound but this machine or build cannot do it.</summary>
    public const int Unsupported = 3;

    /// <summary>A fault of Tessera itself (sysexits.h EX_SOFTWARE); never expected.</summary>
    public const int InternalFault = 70;

    /// <summary>Ctrl-C: 128 + SIGINT.</summary>
    public const int Cancelled = 130;
}
