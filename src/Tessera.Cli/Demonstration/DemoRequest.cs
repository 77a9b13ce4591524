using Tessera.Cli.Inputs;

namespace Tessera.Cli.Demonstration;

/// <summary>What <c>tessera demo</c> was asked for.</summary>
/// <param name="Input">A clip, drawn or read.</param>
/// <param name="OutputFolder">Where to write.</param>
/// <param name="Density">Share of blocks that sparse methods compute.</param>
/// <param name="Command">The command line, for the report.</param>
internal sealed record DemoRequest(InputRequest Input, string OutputFolder, double Density, string Command);
