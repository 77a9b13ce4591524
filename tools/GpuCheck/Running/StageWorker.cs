using System.Diagnostics;
using GpuCheck.Reporting;
using GpuCheck.Stages;
using Tessera.Attention;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Launch;

namespace GpuCheck.Running;

/// <summary>Runs the cases of a stage and tells of each row. A case that loses the device's context ends it.</summary>
internal sealed class StageWorker(IStage stage, CheckContext context, Action<WorkerEvent> tell)
{
    private readonly HashSet<string> _told = [];
    private bool _hasToldDevice;

    /// <summary>Runs cases from one on.</summary>
    /// <param name="first">Number of the first one.</param>
    /// <param name="seconds">Time from now on after which none begins.</param>
    /// <returns>Whether it came to the end.</returns>
    /// <exception cref="BackendUnavailableException">The stage needs a device and there is none.</exception>
    public bool Run(int first, double seconds)
    {
        long start = Stopwatch.GetTimestamp();
        if (stage.NeedsDevice)
        {
            _ = context.Device;
        }

        int number = 0;
        foreach (CheckCase part in stage.Cases(context))
        {
            int current = number++;
            if (current < first)
            {
                continue;
            }

            tell(new WorkerEvent { Case = current, Name = part.Name, Limit = part.Limit.TotalSeconds });
            if (Stopwatch.GetElapsedTime(start).TotalSeconds > seconds)
            {
                tell(new WorkerEvent { Row = CheckRow.Skip(part.Name, "the stage was out of time") });
            }
            else if (!Run(part))
            {
                return false;
            }
        }

        tell(new WorkerEvent { IsEnd = true });
        return true;
    }

    /// <summary>False when the context may be lost.</summary>
    private bool Run(CheckCase part)
    {
        try
        {
            foreach (CheckRow row in part.Run())
            {
                TellDevice();
                tell(new WorkerEvent { Row = row });
                foreach (string kernel in row.Kernels.Where(kernel => IsOfLibrary(kernel) && _told.Add(kernel)))
                {
                    tell(new WorkerEvent { Kernel = Describe(kernel) });
                }
            }

            return true;
        }
        catch (Exception fault)
        {
            // Whatever it was, the row says so and the cases behind it have their turn.
            TellDevice();
            tell(new WorkerEvent { Row = CheckRow.Broken(part.Name, fault) });
            return fault is not CudaException;
        }
    }

    private void TellDevice()
    {
        if (!_hasToldDevice && context.OpenedDevice is { } device)
        {
            _hasToldDevice = true;
            tell(new WorkerEvent { Device = device.Properties });
        }
    }

    private static bool IsOfLibrary(string kernel) => KernelCatalogue.Kernels.Any(known => known.Name == kernel);

    private KernelRecord Describe(string kernel)
    {
        CudaDevice device = context.Device;
        KernelAttributes attributes = device.Describe(kernel);
        (string options, string compiler) = context.MadeOf(kernel);
        return new KernelRecord(kernel, device.ImageOf(kernel).Fingerprint, options, compiler, attributes.Registers, attributes.LocalBytes);
    }
}
