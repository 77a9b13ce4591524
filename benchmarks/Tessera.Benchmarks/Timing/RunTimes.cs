namespace Tessera.Benchmarks.Timing;

/// <summary>The samples of one contestant in four figures.</summary>
/// <param name="Median">Median wall time in seconds.</param>
/// <param name="Minimum">Shortest wall time.</param>
/// <param name="Maximum">Longest wall time; far from the median it tells of a disturbed run.</param>
/// <param name="Processor">Median processor time in seconds, summed over threads.</param>
internal readonly record struct RunTimes(double Median, double Minimum, double Maximum, double Processor)
{
    public static RunTimes Of(IReadOnlyCollection<Sample> samples) => new(
        MedianOf(samples.Select(static sample => sample.Seconds)),
        samples.Min(static sample => sample.Seconds),
        samples.Max(static sample => sample.Seconds),
        MedianOf(samples.Select(static sample => sample.ProcessorSeconds)));

    /// <summary>The middle value, or the mean of the two in the middle.</summary>
    public static double MedianOf(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
