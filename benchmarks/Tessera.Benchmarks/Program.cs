using BenchmarkDotNet.Running;
using Tessera.Benchmarks.Peers;

return args is ["peers", ..] ? PeerComparison.Run(args[1..]) : BenchmarkSwitcher.FromAssembly(typeof(PeerComparison).Assembly).Run(args).Any() ? 0 : 1;
