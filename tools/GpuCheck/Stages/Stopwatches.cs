using Tessera.Cuda.Driver;

namespace GpuCheck.Stages;

/// <summary>Times work of a stream by events: five warm-ups, then twenty runs; one and two in a dry run.</summary>
internal sealed class Stopwatches(ICudaDevice device, bool isQuick)
{
    private int WarmUps => isQuick ? 1 : 5;

    private int Runs => isQuick ? 2 : 20;

    /// <summary>Seconds of each run.</summary>
    public double[] Run(Action<CudaStream> work) => Run((stream, _) => work(stream));

    /// <summary>Seconds of each run; the work is told which run it is, to take its inputs by turns.</summary>
    public double[] Run(Action<CudaStream, int> work)
    {
        CudaStream stream = device.CreateStream();
        CudaEvent start = device.CreateEvent();
        CudaEvent end = device.CreateEvent();
        try
        {
            for (int i = 0; i < WarmUps; i++)
            {
                work(stream, i);
            }

            double[] seconds = new double[Runs];
            for (int i = 0; i < seconds.Length; i++)
            {
                device.Record(start, stream);
                work(stream, WarmUps + i);
                device.Record(end, stream);
                seconds[i] = Math.Max(1e-9, device.Elapsed(start, end).TotalSeconds);
            }

            return seconds;
        }
        finally
        {
            device.DestroyEvent(start);
            device.DestroyEvent(end);
            device.DestroyStream(stream);
        }
    }

    public static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
