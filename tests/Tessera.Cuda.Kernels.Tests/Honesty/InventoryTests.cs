using System.IO.Compression;
using System.Security.Cryptography;
using Tessera.Cuda.Compilation;
using Tessera.Cuda.Emulation;
using Tessera.Cuda.Launch;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Kernels.Tests.Honesty;

/// <summary>What clang makes of the kernels, instruction by instruction; clang itself looks into no asm statement.</summary>
public sealed class InventoryTests
{
    private static readonly Lazy<IReadOnlyDictionary<string, PtxModule>> Compiled = new(static () => Compile());

    /// <summary>Every module for every target it runs on, by name and target.</summary>
    internal static IReadOnlyDictionary<string, PtxModule> Modules => Compiled.Value;

    [DevicePtxFact]
    public void Every_instruction_is_known_and_its_target_has_it()
    {
        InstructionTable table = new();
        List<string> faults = [];
        foreach ((string name, PtxModule module) in Compiled.Value)
        {
            Assert.NotEmpty(module.Statements);
            faults.AddRange(module.Statements.Select(statement => table.FaultOf(statement, module.Version, module.Target))
                .OfType<string>().Distinct().Select(fault => $"{name}: {fault}"));
        }

        Assert.Empty(faults);
    }

    [DevicePtxFact]
    public void Every_row_of_the_table_is_used() => Assert.Empty(new InstructionTable().Unused(
        Compiled.Value.Values.SelectMany(static module => module.Statements).Select(static statement => statement.Mnemonic)));

    [DevicePtxFact]
    public void No_kernel_touches_local_memory() =>
        Assert.Empty(Compiled.Value.SelectMany(static entry => entry.Value.LocalAccesses.Select(access => $"{entry.Key}: {access}")));

    [DevicePtxFact]
    public void Registers_of_products_in_flight_are_left_alone() =>
        Assert.Empty(Compiled.Value.SelectMany(static entry => entry.Value.FlightAccesses.Select(access => $"{entry.Key}: {access}")));

    [Fact]
    public void A_register_is_in_flight_until_its_group_was_waited_for()
    {
        const string Scores = "{ .reg .pred p; setp.ne.b32 p, %r9, 0; wgmma.mma_async.sync.aligned.m64n8k32.s32.s8.s8 {%r1, %r2}, %rd1, %rd2, p; }";
        const string Sums = "wgmma.mma_async.sync.aligned.m64n8k32.s32.s8.s8 {%r3, %r4}, {%r5, %r6}, %rd2, p;";
        ProductFlight flight = new();
        Assert.Null(flight.Pass("mov.u32 %r1, 0;"));
        Assert.Null(flight.Pass(Scores));
        Assert.Equal("%r2", flight.Pass("mov.u32 %r7, %r2;"));
        Assert.Null(flight.Pass("mov.u32 %r7, %r22;"));
        Assert.Null(flight.Pass(Scores));
        Assert.Null(flight.Pass("wgmma.commit_group.sync.aligned;"));
        Assert.Null(flight.Pass(Sums));
        Assert.Null(flight.Pass("wgmma.commit_group.sync.aligned;"));
        Assert.Equal("%r1", flight.Pass("add.s32 %r8, %r1, 1;"));
        Assert.Null(flight.Pass("wgmma.wait_group.sync.aligned 1;"));
        Assert.Null(flight.Pass("add.s32 %r8, %r1, 1;"));
        Assert.Equal("%r6", flight.Pass("mov.u32 %r6, %r1;"));
        Assert.Null(flight.Pass("wgmma.wait_group.sync.aligned 0;"));
        Assert.Null(flight.Pass("mov.u32 %r6, %r3;"));
    }

    [DevicePtxFact]
    public void Every_module_is_compiled_for_every_target_it_runs_on()
    {
        foreach (KernelModule module in KernelCatalogue.Modules)
        {
            foreach ((string target, int architecture) in new[] { ("sm_80", 80), ("sm_89", 89), ("sm_90a", 90) })
            {
                bool compiled = Compiled.Value.TryGetValue($"{module.Name}.{target}", out PtxModule? ptx);
                Assert.Equal(architecture >= module.MinimumArchitecture, compiled);
                if (compiled)
                {
                    Assert.Equal(target, ptx!.Target);
                    Assert.Equal(module.Kernels.Order(StringComparer.Ordinal), ptx.Kernels.Order(StringComparer.Ordinal));
                }
            }
        }
    }

    [DevicePtxFact]
    public void Attention_kernels_hold_the_products_of_one_block_and_no_more()
    {
        foreach (AttendInstance kernel in KernelCatalogue.Attention)
        {
            PtxModule module = Compiled.Value[$"{kernel.Module}.sm_90a"];
            int products = module.Statements.Count(statement =>
                statement.Kernel == kernel.Name && statement.Mnemonic.StartsWith("mma.sync", StringComparison.Ordinal));
            int scores = kernel.Channels * kernel.CodeBytes / 32 * (64 / 8);
            int sums = 64 * kernel.ValueBytes / 32 * (kernel.Channels / 8);
            Assert.Equal((kernel.Name, scores + sums), (kernel.Name, products));
            string operands = kernel.Operands switch { NumberFormat.BFloat16 => "bf16", NumberFormat.Float8E4M3 => "e4m3", _ => "s8" };
            string others = kernel.Values == NumberFormat.Float16 ? "f16" : operands;
            Assert.All(
                module.Statements.Where(static statement => statement.Mnemonic.StartsWith("mma.sync", StringComparison.Ordinal)),
                statement => Assert.True(
                    statement.Mnemonic.Contains(operands, StringComparison.Ordinal) || statement.Mnemonic.Contains(others, StringComparison.Ordinal),
                    $"{kernel}: {statement.Mnemonic}"));
        }
    }

    [Theory]
    [InlineData("wgmma.totally.bogus", "{%r1}", "not in the table")]
    [InlineData("mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32", "", "needs sm_89")]
    [InlineData("wgmma.fence.sync.aligned", "", "needs sm_90a")]
    [InlineData("cvt.rn.bf16x2.f32", "", null)]
    public void The_table_refuses_what_a_target_lacks(string mnemonic, string operands, string? fault)
    {
        string? found = new InstructionTable().FaultOf(new PtxStatement("k", mnemonic, operands), new Version(8, 5), "sm_80");
        if (fault is null)
        {
            Assert.Null(found);
        }
        else
        {
            Assert.Contains(fault, found, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("wgmma.mma_async.sync.aligned.m64n8k32.s32.s8.s8", "{%1, %2, %3, %4}, %5, %6, p", null)]
    [InlineData("wgmma.mma_async.sync.aligned.m64n8k32.s32.s8.s8", "{%1, %2, %3}, %5, %6, p", "3 accumulators")]
    [InlineData("wgmma.mma_async.sync.aligned.m64n8k32.f32.e4m3.e4m3", "{%1, %2, %3, %4}, %5, %6, p", "4 operands, wanted 6")]
    [InlineData("wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16", "{%1, %2, %3, %4}, {%5, %6, %7, %8}, %9, p, 1, 1, 0", null)]
    public void Warpgroup_products_have_their_registers_counted(string mnemonic, string operands, string? fault)
    {
        string? found = new InstructionTable().FaultOf(new PtxStatement("k", mnemonic, operands), new Version(8, 5), "sm_90a");
        Assert.Equal(fault is null, found is null);
        Assert.Contains(fault ?? "", found ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Committed_ptx_was_made_from_these_sources()
    {
        foreach (KernelModule module in KernelCatalogue.Modules)
        {
            string text = Committed(module);
            Assert.Equal($"// sources {SourceHash(module)}", text.Split('\n')[0]);
            Assert.Equal(module.Kernels.Order(StringComparer.Ordinal), new PtxModule(text).Kernels.Order(StringComparer.Ordinal));
        }
    }

    [DevicePtxFact]
    public void Committed_ptx_is_what_clang_makes()
    {
        foreach (KernelModule module in KernelCatalogue.Modules)
        {
            string[] committed = Committed(module).Split('\n');
            _ = Compiled.Value;
            string[] made = File.ReadAllText(Path.Combine(PtxFolder, $"{module.Name}.sm_{module.MinimumArchitecture}.ptx")).Split('\n');

            // Another release of clang 19 may allocate differently; then the hash of the sources must do.
            if (committed[1] == made[1])
            {
                Assert.True(committed.SequenceEqual(made), $"PTX of {module.Name} is stale; run scripts/cuda-ptx");
            }
        }
    }

    [DevicePtxFact]
    public void Wgmma_wrappers_are_what_their_script_writes()
    {
        string target = Path.Combine(AppContext.BaseDirectory, "wgmma.cuh");
        RunScript("generate-wgmma", target);
        Assert.Equal(File.ReadAllText(Path.Combine(EmulationBuild.KernelFolder, "wgmma.cuh")), File.ReadAllText(target));
    }

    private static string PtxFolder { get; } = Path.Combine(AppContext.BaseDirectory, "ptx");

    private static string Committed(KernelModule module)
    {
        string path = Path.Combine(EmulationBuild.KernelFolder, "Ptx", $"{module.Name}.sm_{module.MinimumArchitecture}.ptx.gz");
        using GZipStream stream = new(File.OpenRead(path), CompressionMode.Decompress);
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }

    private static string SourceHash(KernelModule module)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string header in Directory.GetFiles(EmulationBuild.KernelFolder, "*.cuh").Order(StringComparer.Ordinal))
        {
            hash.AppendData(File.ReadAllBytes(header));
        }

        hash.AppendData(File.ReadAllBytes(Path.Combine(EmulationBuild.KernelFolder, module.SourceFile)));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static Dictionary<string, PtxModule> Compile()
    {
        if (Directory.Exists(PtxFolder))
        {
            Directory.Delete(PtxFolder, recursive: true); // what an earlier run left of sources that are gone
        }

        RunScript("cuda-ptx", PtxFolder);
        return Directory.GetFiles(PtxFolder, "*.ptx").ToDictionary(
            static path => Path.GetFileNameWithoutExtension(path), static path => new PtxModule(File.ReadAllText(path)));
    }

    private static void RunScript(string name, string argument) =>
        HostCompiler.Shell.Run([Path.Combine(TestRoots.Repository, "scripts", name), argument]);
}
