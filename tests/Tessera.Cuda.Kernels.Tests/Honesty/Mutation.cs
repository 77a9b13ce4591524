using Tessera.Cuda.Emulation;

namespace Tessera.Cuda.Kernels.Tests.Honesty;

/// <summary>A fault planted into a copy of the kernels.</summary>
/// <param name="Name">What is wrong.</param>
/// <param name="File">The file it goes into.</param>
/// <param name="Text">What stands there, exactly once.</param>
/// <param name="Replacement">What stands there then.</param>
/// <param name="Units">Translation units that the suite needs.</param>
/// <param name="Suite">What must fail.</param>
/// <param name="Symptom">
/// What the emulator says of it, as a regular expression; null when results, or an access that they lead to, must tell.
/// </param>
internal sealed record Mutation(
    string Name, string File, string Text, string Replacement, string[] Units, Action<EmulatedKernels> Suite, string? Symptom)
{
    /// <summary>A copy of the kernels with the fault, built.</summary>
    public EmulatedKernels Build()
    {
        string folder = Copy();
        string path = Path.Combine(folder, File);
        string source = System.IO.File.ReadAllText(path);
        int first = source.IndexOf(Text, StringComparison.Ordinal);
        if (first < 0 || source.IndexOf(Text, first + 1, StringComparison.Ordinal) >= 0)
        {
            throw new InvalidOperationException(
                $"'{Text}' stands {(first < 0 ? "nowhere" : "more than once")} in {File}: bring the mutation '{Name}' up to date.");
        }

        System.IO.File.WriteAllText(path, source.Replace(Text, Replacement, StringComparison.Ordinal));
        return Load(folder, Units);
    }

    /// <summary>The same copy without a fault: the suite must pass on it.</summary>
    public static EmulatedKernels BuildSound(string[] units) => Load(Copy(), units);

    private static EmulatedKernels Load(string folder, string[] units)
    {
        try
        {
            return new EmulatedKernels(EmulationBuild.Build(folder, units));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Of the attention kernels one instantiation is enough, and faster to compile twenty times.
    private static string Copy()
    {
        string folder = Directory.CreateTempSubdirectory("tessera-mutation-").FullName;
        IEnumerable<string> sources = Directory.GetFiles(EmulationBuild.KernelFolder, "*.cu*")
            .Concat(Directory.GetFiles(EmulationBuild.ProbeFolder, "*.cu*"));
        foreach (string source in sources)
        {
            IEnumerable<string> lines = System.IO.File.ReadLines(source).Where(static line =>
                !line.StartsWith("TESSERA_ATTEND(", StringComparison.Ordinal)
                || line.Contains("int8_pv_block_sparse_d64_r64_fine_quantized", StringComparison.Ordinal));
            System.IO.File.WriteAllLines(Path.Combine(folder, Path.GetFileName(source)), lines);
        }

        return folder;
    }
}
