using GpuCheck.Probes;
using GpuCheck.Reporting;
using Tessera.Cuda.Compilation;
using Tessera.Cuda.Driver;

namespace GpuCheck.Stages;

/// <summary>
/// Every instruction that kernels use, alone: compiled by NVRTC for every target that has it, and run where the device has it, with inputs
/// and results that its definition gives. What passes is proved in the table of instructions.
/// </summary>
internal sealed class InstructionStage : IStage
{
    public const string StageName = "instructions";

    public string Name => StageName;

    public string Purpose => "each instruction alone: compiled for every target, run, compared";

    public TimeSpan Budget => TimeSpan.FromMinutes(4);

    // One refused instruction must not keep the others from their turn, however many there are.
    public int Patience => int.MaxValue;

    public IEnumerable<CheckCase> Cases(CheckContext context)
    {
        foreach (InstructionProbe probe in ProbeCatalogue.All)
        {
            yield return CheckCase.Of(probe.Name, () => Check(context, probe)) with { Limit = TimeSpan.FromSeconds(30) };
        }
    }

    private static CheckRow Check(CheckContext context, InstructionProbe probe)
    {
        string name = probe.Name;
        ProbeData data = probe.Data();
        CudaDevice device = context.Device;
        if (NvrtcCompiler.TryOpen(device.Properties.DriverVersion, out string? absence) is not { } compiler)
        {
            return CheckRow.Skip(name, absence!);
        }

        List<string> said = [];
        bool accepted = true;
        foreach ((string target, int architecture) in InstructionProbe.Targets.Where(target => target.Architecture >= probe.Architecture))
        {
            string? refusal = Refusal(device, compiler, probe, architecture);
            accepted &= refusal is null;
            said.Add(refusal is null ? $"{target} accepted" : $"{target} REFUSED: {refusal}");
        }

        if (!probe.RunsOn(device.Properties.Architecture))
        {
            CheckRow skipped = CheckRow.Skip(name, $"{string.Join(", ", said)}; {device.Properties.ArchitectureName} does not have it");
            return skipped with { Outcome = accepted ? CheckOutcome.Skipped : CheckOutcome.Failed };
        }

        context.Keep("cubins", $"{probe.Kernel}.{device.Properties.ArchitectureName}.cubin", device.ImageOf(probe.Kernel).Bytes);
        ProbeRun run = ProbeRun.Of(device, probe, data);
        CheckRow row = CheckRow.AtMost(
            name, run.Wrong, 0, $"of {run.Words} words differ",
            $"{string.Join(", ", probe.Mnemonics)}: {string.Join(", ", said)}; {data.Comparison.Name}"
                + (run.Wrong > 0 ? $"; {run.First}" : ""));
        return row with { Outcome = accepted ? row.Outcome : CheckOutcome.Failed, Instructions = probe.Mnemonics };
    }

    /// <summary>What the compiler says against a probe for a target, or null. The device's own code goes to its cache on the way.</summary>
    private static string? Refusal(CudaDevice device, NvrtcCompiler compiler, InstructionProbe probe, int architecture)
    {
        try
        {
            KernelModule module = probe.ModuleFor(architecture);
            IReadOnlyList<string> options = NvrtcCompiler.OptionsFor(module, architecture);
            KernelSource source = ProbeSource.Load(probe.Source, probe.Kernel);
            string key = KernelCache.KeyOf(source, options, compiler.Version);
            if (device.Cache?.Read(key) is null)
            {
                device.Cache?.Write(key, compiler.Compile(source, options).Cubin);
            }

            return null;
        }
        catch (KernelCompilationException refusal)
        {
            string text = (refusal.Log.Length > 0 ? refusal.Log : refusal.Message).ReplaceLineEndings(" ");
            return text[..Math.Min(text.Length, 400)];
        }
    }
}
