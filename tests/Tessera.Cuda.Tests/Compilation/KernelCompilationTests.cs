using Tessera.Cuda.Compilation;
using Tessera.Cuda.Tests.Stubs;
using Xunit;

namespace Tessera.Cuda.Tests.Compilation;

[Collection(StubTests.Name)]
public sealed class KernelCompilationTests
{
    [StubFact]
    public void NVRTC_gets_source_headers_and_options_and_gives_its_program_back()
    {
        using StubDevice stub = StubDevice.Open();

        stub.Device.Describe("scale_rows");

        Assert.Equal(
            ["nvrtcCreateProgram name=scaling.cu headers=1 scale.cuh", "nvrtcCompileProgram --gpu-architecture=sm_90 --std=c++17 --generate-line-info"],
            StubDriver.CompilerCalls);
        Assert.Equal(0, StubDriver.LivePrograms);
        Assert.Equal("NVRTC 13.0", stub.Device.ImageOf("scale_rows").Origin);
    }

    [StubFact]
    public void A_refused_source_carries_the_compilers_log()
    {
        using StubDevice stub = StubDevice.Open(source: StubDevice.Source("#error no"));

        KernelCompilationException refusal = Assert.Throws<KernelCompilationException>(() => stub.Device.Describe("scale_rows"));

        Assert.Contains("NVRTC_ERROR_COMPILATION", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("scaling.cu(1): error", refusal.Log, StringComparison.Ordinal);
        Assert.Equal("scaling.cu", refusal.SourceFile);
        Assert.Equal(0, StubDriver.LivePrograms);
        Assert.Empty(Directory.GetFiles(stub.Folder));
    }

    [StubFact]
    public void An_architecture_that_NVRTC_does_not_know_says_so()
    {
        StubDriver.Reset();
        StubDriver.SetArchitecture(120);
        StubDriver.SetNvrtcVersion(12060);
        using StubDevice stub = StubDevice.Reopen();

        KernelCompilationException refusal = Assert.Throws<KernelCompilationException>(() => stub.Device.Describe("scale_rows"));

        Assert.Contains("this NVRTC may be older than the GPU", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("invalid value for --gpu-architecture", refusal.Message, StringComparison.Ordinal);
    }

    [StubFact]
    public void Builtins_beside_NVRTC_are_found_without_help_of_the_loader()
    {
        using (StubDevice stub = StubDevice.Open())
        {
            StubDriver.NeedBuiltins();
            stub.Device.Describe("scale_rows");
        }

        StubDriver.SetNvrtcVersion(12090);
        using StubDevice without = StubDevice.Reopen();
        KernelCompilationException refusal = Assert.Throws<KernelCompilationException>(() => without.Device.Describe("scale_rows"));

        Assert.Contains("libnvrtc-builtins of version 12.9 has to lie beside " + StubLibraries.Nvrtc, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("failed to open libnvrtc-builtins.so.12.9", refusal.Log, StringComparison.Ordinal);
    }

    [StubFact]
    public void Code_for_one_architecture_is_not_built_for_its_successors()
    {
        StubDriver.Reset();
        KernelModule module = StubDevice.Module with { MinimumArchitecture = 90, IsArchitectureSpecific = true };
        KernelBuilder builder = new(100, 13000, cache: null, _ => StubDevice.Source());

        Tessera.Attention.BackendUnavailableException refusal =
            Assert.Throws<Tessera.Attention.BackendUnavailableException>(() => builder.Build(module));

        Assert.Equal("Module scaling is for sm_90a alone; this device is sm_100.", refusal.Message);
    }

    [StubFact]
    public void Code_is_compiled_once_and_then_read_from_the_cache()
    {
        using StubDevice first = StubDevice.Open();
        first.Device.Describe("scale_rows");
        int compilations = StubDriver.CompilerCalls.Length;

        using StubDevice second = StubDevice.Reopen(first.Folder);
        second.Device.Describe("scale_rows");

        Assert.Equal(compilations, StubDriver.CompilerCalls.Length);
        Assert.Equal("NVRTC 13.0, cached", second.Device.ImageOf("scale_rows").Origin);
        Assert.Equal(first.Device.ImageOf("scale_rows").Bytes, second.Device.ImageOf("scale_rows").Bytes);
        Assert.Empty(second.Device.CacheDamage);
    }

    [StubFact]
    public void Another_source_option_or_compiler_is_compiled_anew()
    {
        using StubDevice first = StubDevice.Open();
        first.Device.Describe("scale_rows");
        using StubDevice changed = StubDevice.Reopen(first.Folder, StubDevice.Source("// scales rows"));
        changed.Device.Describe("scale_rows");
        StubDriver.SetNvrtcVersion(12090);
        using StubDevice older = StubDevice.Reopen(first.Folder);
        older.Device.Describe("scale_rows");
        StubDriver.SetArchitecture(80);
        using StubDevice ampere = StubDevice.Reopen(first.Folder);
        ampere.Device.Describe("scale_rows");

        Assert.Equal(4, StubDriver.CompilerCalls.Count(static call => call.StartsWith("nvrtcCompileProgram", StringComparison.Ordinal)));
        Assert.Equal(4, Directory.GetFiles(first.Folder).Length);
    }

    [StubTheory]
    [InlineData("truncated")]
    [InlineData("flipped")]
    [InlineData("foreign")]
    [InlineData("empty")]
    public void A_damaged_file_is_reported_rebuilt_and_replaced(string damage)
    {
        using StubDevice first = StubDevice.Open();
        first.Device.Describe("scale_rows");
        string file = Assert.Single(Directory.GetFiles(first.Folder));
        byte[] whole = File.ReadAllBytes(file);
        byte[] broken = [.. whole];
        broken[^1] ^= 1;
        File.WriteAllBytes(file, damage switch
        {
            "truncated" => whole[..^3],
            "flipped" => broken,
            "foreign" => new byte[200],
            _ => [],
        });

        using StubDevice second = StubDevice.Reopen(first.Folder);
        second.Device.Describe("scale_rows");

        CacheDamage report = Assert.Single(second.Device.CacheDamage);
        Assert.Equal(file, report.Path);
        Assert.NotEmpty(report.Reason);
        Assert.Equal("NVRTC 13.0", second.Device.ImageOf("scale_rows").Origin);
        Assert.Equal(whole, File.ReadAllBytes(file));
        Assert.Equal([file], Directory.GetFiles(first.Folder));
    }

    [StubFact]
    public void A_folder_that_cannot_be_written_costs_time_and_no_error()
    {
        string file = Path.GetTempFileName();
        using StubDevice stub = StubDevice.Open(Path.Combine(file, "kernels"));

        stub.Device.Describe("scale_rows");

        Assert.Contains("cannot be written", stub.Device.Cache!.WriteFault, StringComparison.Ordinal);
        File.Delete(file);
    }

    [StubFact]
    public void Examining_the_cache_counts_files_and_names_the_damaged()
    {
        using StubDevice stub = StubDevice.Open();
        stub.Device.Describe("scale_rows");
        string damaged = Path.Combine(stub.Folder, "0000.cubin");
        File.WriteAllText(damaged, "no kernel");

        (int files, long bytes, IReadOnlyList<CacheDamage> faults) = new KernelCache(stub.Folder).Examine();

        Assert.Equal(2, files);
        Assert.True(bytes > 9);
        Assert.Equal(damaged, Assert.Single(faults).Path);
        Assert.Equal((0, 0), (new KernelCache(Path.Combine(stub.Folder, "none")).Examine() is var empty ? (empty.Files, (int)empty.Bytes) : default));
    }

    [StubFact]
    public void Without_NVRTC_and_without_PTX_both_reasons_are_given()
    {
        StubDriver.Reset();
        StubDriver.SetNvrtcVersion(11080);
        using StubDevice stub = StubDevice.Reopen();

        Tessera.Attention.BackendUnavailableException refusal =
            Assert.Throws<Tessera.Attention.BackendUnavailableException>(() => stub.Device.Describe("scale_rows"));

        Assert.Contains("NVRTC is 11.8", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("PTX of it for no architecture", refusal.Message, StringComparison.Ordinal);

        StubDriver.SetVersion(12040);
        using StubDevice older = StubDevice.Reopen();
        refusal = Assert.Throws<Tessera.Attention.BackendUnavailableException>(() => older.Device.Describe("scale_rows"));
        Assert.Contains("PTX needs a driver of CUDA 12.5 or later, this one is 12.4", refusal.Message, StringComparison.Ordinal);
    }
}
