using System.Reflection;
using System.Runtime.InteropServices;
using Tessera.Cuda.Emulation;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Launch.Parameters;
using Xunit;

namespace Tessera.Cuda.Kernels.Tests.Launch;

public sealed class ParameterLayoutTests
{
    public static TheoryData<string> Structures => [.. Types.Select(static type => type.Name)];

    private static IEnumerable<Type> Types =>
        typeof(AttendParameters).Assembly.GetTypes().Where(static type => type.Name.EndsWith("Parameters", StringComparison.Ordinal) && type.IsValueType);

    [EmulatedTheory]
    [MemberData(nameof(Structures))]
    public void Mirrors_lie_in_memory_as_the_compiler_lays_the_originals(string name)
    {
        Type type = Types.Single(entry => entry.Name == name);
        Assert.Equal(EmulatedKernels.Shared.LayoutOf(name), Marshal.SizeOf(type));
        foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
        {
            string native = $"{name}.{char.ToLowerInvariant(field.Name[0])}{field.Name[1..]}";
            Assert.Equal((native, EmulatedKernels.Shared.LayoutOf(native)), (native, (long)Marshal.OffsetOf(type, field.Name)));
        }
    }

    [EmulatedFact]
    public void The_catalogue_lists_the_kernels_of_the_source_and_their_sizes()
    {
        // Kernels that ask a device about itself are the checking program's, not the library's.
        Dictionary<string, EmulatedKernel> source = EmulatedKernels.Shared.Kernels
            .Where(static kernel => !kernel.Name.StartsWith("probe_", StringComparison.Ordinal) && !kernel.Name.StartsWith("ceiling_", StringComparison.Ordinal))
            .ToDictionary(static kernel => kernel.Name);
        Assert.Equal(
            source.Keys.Order(StringComparer.Ordinal), KernelCatalogue.Kernels.Select(static kernel => kernel.Name).Order(StringComparer.Ordinal));
        foreach (KernelInstance kernel in KernelCatalogue.Kernels)
        {
            EmulatedKernel expected = source[kernel.Name];
            Assert.Equal(expected, new EmulatedKernel(kernel.Name, kernel.Parameters.Name, Marshal.SizeOf(kernel.Parameters), kernel.Threads, kernel.SharedBytes));
        }
    }

    [Fact]
    public void Every_kernel_belongs_to_one_module_whose_files_exist()
    {
        Assert.Equal(
            KernelCatalogue.Kernels.Select(static kernel => kernel.Name).Order(StringComparer.Ordinal),
            KernelCatalogue.Modules.SelectMany(static module => module.Kernels).Order(StringComparer.Ordinal));
        foreach (Compilation.KernelModule module in KernelCatalogue.Modules)
        {
            string text = File.ReadAllText(Path.Combine(EmulationBuild.KernelFolder, module.SourceFile));
            Assert.All(module.Kernels, kernel => Assert.Contains(kernel, text, StringComparison.Ordinal));
            Assert.Equal(
                IncludedBy(module.SourceFile).Order(StringComparer.Ordinal), module.Headers.Order(StringComparer.Ordinal));
        }
    }

    private static HashSet<string> IncludedBy(string file)
    {
        HashSet<string> found = [];
        foreach (string line in File.ReadLines(Path.Combine(EmulationBuild.KernelFolder, file)))
        {
            if (line.StartsWith("#include \"", StringComparison.Ordinal) && line.Split('"')[1] is var header && header != "emulated_prims.hpp" && found.Add(header))
            {
                found.UnionWith(IncludedBy(header));
            }
        }

        return found;
    }
}
