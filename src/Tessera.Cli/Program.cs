using Tessera.Cli;
using Tessera.Cli.Terminal;

using InterruptSignal interrupt = new();
return await CommandLine.RunAsync(args, CommandConsole.ForProcess(), interrupt.Token).ConfigureAwait(false);
