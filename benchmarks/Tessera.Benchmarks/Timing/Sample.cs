using Tessera.Attention;

namespace Tessera.Benchmarks.Timing;

/// <summary>One timed run.</summary>
/// <param name="Seconds">Wall time.</param>
/// <param name="ProcessorSeconds">Processor time of all threads; stays right while other work shares the machine.</param>
/// <param name="Stages">Wall time by stage; all zero where the contestant tells none.</param>
/// <param name="Compile">Wall time of compiling a plan that was made in this call.</param>
internal readonly record struct Sample(
    double Seconds, double ProcessorSeconds, StageTimes Stages = default, TimeSpan Compile = default);
