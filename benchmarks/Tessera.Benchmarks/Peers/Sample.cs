namespace Tessera.Benchmarks.Peers;

/// <summary>One timed run.</summary>
/// <param name="Seconds">Wall time.</param>
/// <param name="ProcessorSeconds">Processor time of all threads; stays right while other work shares the machine.</param>
internal readonly record struct Sample(double Seconds, double ProcessorSeconds);
