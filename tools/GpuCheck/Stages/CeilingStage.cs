using GpuCheck.Probes;
using GpuCheck.Reporting;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Launch;

namespace GpuCheck.Stages;

/// <summary>
/// What attention cannot go beyond: exponentials, products of a warp and of a warpgroup, shared memory, each in a loop without anything
/// else; and how many bits the tensor cores keep of small terms beside a large one. Every loop's result is checked before it is timed.
/// </summary>
internal sealed class CeilingStage : IStage
{
    private const int BlocksOfMultiprocessor = 4;

    public string Name => "ceilings";

    public string Purpose => "units alone: exponentials, products, shared memory; bits that products keep";

    public TimeSpan Budget => TimeSpan.FromMinutes(3);

    public IEnumerable<CheckCase> Cases(CheckContext context)
    {
        foreach (Ceiling ceiling in Ceiling.All)
        {
            yield return CheckCase.Of(ceiling.Kernel, () => Measure(context, ceiling)) with { Limit = TimeSpan.FromSeconds(40) };
        }

        foreach (AccumulatorPrecision precision in AccumulatorPrecision.All)
        {
            yield return new CheckCase(precision.Name, () => Precision(context, precision)) { Limit = TimeSpan.FromSeconds(40) };
        }

        yield return CheckCase.Of("copy", () => ProbeStage.Copy(context));
    }

    private static CheckRow Measure(CheckContext context, Ceiling ceiling)
    {
        CudaDevice device = context.Device;
        InstructionProbe probe = ceiling.Probe;
        if (Absence(context, probe) is { } absence)
        {
            return CheckRow.Skip(ceiling.Kernel, absence);
        }

        ProbeRun run = ProbeRun.Of(device, probe, ceiling.Data(3));
        if (run.Wrong > 0)
        {
            return CheckRow.AtMost(ceiling.Kernel, run.Wrong, 0, $"of {run.Words} words differ", run.First);
        }

        context.Keep(
            "cubins", $"{Path.GetFileNameWithoutExtension(ceiling.Source)}.{device.Properties.ArchitectureName}.cubin",
            device.ImageOf(ceiling.Kernel).Bytes);
        int turns = context.IsQuick ? 2 : ceiling.Turns;
        int blocks = context.IsQuick ? 2 : device.Properties.Multiprocessors * BlocksOfMultiprocessor;
        double seconds = Stopwatches.Median(Time(context, ceiling, turns, blocks));
        KernelAttributes attributes = device.Describe(ceiling.Kernel);
        return CheckRow.Figure(
            ceiling.Kernel, ceiling.Amount * blocks * turns / seconds / 1e12, ceiling.Unit,
            FormattableString.Invariant($"{run.Words} words right; {blocks} blocks of {ceiling.Threads}, {turns} turns, ")
                + FormattableString.Invariant($"{1e3 * seconds:0.###} ms, {attributes.Registers} registers"));
    }

    private static double[] Time(CheckContext context, Ceiling ceiling, int turns, int blocks)
    {
        CudaDevice device = context.Device;
        ProbeData data = ceiling.Data(1);
        DevicePointer input = device.Allocate(data.Input.Length * sizeof(uint));
        DevicePointer output = device.Allocate((long)blocks * data.Expected.Length * sizeof(uint));
        device.CopyToDevice<uint>(input, data.Input);
        byte[] parameters = ProbeRun.ParametersOf(new ProbeAddresses(input.Address, output.Address, []), data with { Count = turns });
        LaunchShape shape = new(blocks, 1, 1, ceiling.Threads, ceiling.SharedBytes);
        double[] seconds = new Stopwatches(device, context.IsQuick).Run(stream => device.Launch(ceiling.Kernel, shape, parameters, stream));
        device.Free(output);
        device.Free(input);
        return seconds;
    }

    private static IEnumerable<CheckRow> Precision(CheckContext context, AccumulatorPrecision precision)
    {
        if (Absence(context, precision.Probe) is { } absence)
        {
            yield return CheckRow.Skip(precision.Name, absence);
            yield break;
        }

        foreach (bool inAccumulator in (bool[])[false, true])
        {
            uint[] output = ProbeRun.Output(context.Device, precision.Probe, precision.Data(inAccumulator));
            double[] kept = precision.Kept(output, inAccumulator);
            string shares = string.Join(' ', kept.Select(static share => FormattableString.Invariant($"{share:0.##}")));
            string place = inAccumulator ? "in the accumulator" : "among the products";
            yield return CheckRow.Figure(
                $"{precision.Name}, large term {place}", AccumulatorPrecision.Bits(kept), "bits",
                $"terms of 2^-e of the largest kept, by e = 1, 2, ...: {shares}");
        }
    }

    private static string? Absence(CheckContext context, InstructionProbe probe) =>
        context.Device.Builder.CompilerFault is { } fault ? fault
        : probe.RunsOn(context.Device.Properties.Architecture) ? null
        : $"{context.Device.Properties.ArchitectureName} does not have it";
}
