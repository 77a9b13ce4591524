namespace Tessera.Backends.Cpu.Costs;

/// <summary>The hand-out of <see cref="TileScheduler"/> in numbers: the next item goes to the thread that is free first.</summary>
internal static class Makespan
{
    /// <summary>When a pass over items is done.</summary>
    /// <param name="items">Seconds of each item, in the order in which they are handed out.</param>
    /// <param name="threads">Threads, the caller included.</param>
    /// <param name="wake">Seconds until the other threads take their first item; the caller starts at once and waits for nobody who comes
    /// late.</param>
    public static double Of(ReadOnlySpan<double> items, int threads, double wake)
    {
        int used = Math.Min(threads, items.Length);
        if (used <= 1)
        {
            double sum = 0;
            foreach (double item in items)
            {
                sum += item;
            }

            return sum;
        }

        PriorityQueue<int, double> free = new(used);
        for (int thread = 0; thread < used; thread++)
        {
            free.Enqueue(thread, thread == 0 ? 0 : wake);
        }

        double last = 0;
        foreach (double item in items)
        {
            free.TryPeek(out int thread, out double time);
            last = Math.Max(last, time + item);
            free.DequeueEnqueue(thread, time + item);
        }

        return last;
    }

    /// <summary>The same for many small items that together take <paramref name="work"/> thread-seconds.</summary>
    public static double OfEqual(long items, double work, int threads, double wake)
    {
        int used = (int)Math.Min(threads, items);
        if (used <= 1)
        {
            return work;
        }

        // Whole items only: the last one may run alone.
        double item = work / items;
        double tail = item * (used - 1) / used * (items % used == 0 && wake < item / 2 ? 0 : 0.5);
        return Math.Min(work, ((work + (wake * (used - 1))) / used) + tail);
    }
}
