using Tessera.Attention;
using Tessera.Cuda.Compilation;
using Tessera.Cuda.Launch;
using Tessera.Cuda.Tests.Backend;
using Tessera.Cuda.Tests.Stubs;
using Tessera.Cuda.Verification;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Tests.Verification;

[Collection(StubTests.Name)]
public sealed class VerificationManifestTests
{
    private const string Kernel = "sm80_int8_qk_int8_pv_block_sparse_d64_r64_fine_quantized";

    [Fact]
    public void The_committed_file_names_known_kernels_and_is_written_as_it_is_read()
    {
        string path = Path.Combine(TestRoots.Repository, "gpu", "verified.json");
        string text = File.ReadAllText(path);
        VerificationManifest manifest = VerificationManifest.Parse(text);

        Assert.Equal(text, manifest.ToJson());
        Assert.Equal(manifest.ToJson(), VerificationManifest.Shared.ToJson());
        Assert.All(manifest.Rows, static row => Assert.Contains(KernelCatalogue.Kernels, kernel => kernel.Name == row.Kernel));
        Assert.All(manifest.Rows, static row => Assert.Equal(0, row.LocalBytes));
    }

    [Fact]
    public void Every_kernel_has_a_state_with_a_reason_and_a_hash_of_what_it_is_now()
    {
        IReadOnlyList<KernelVerification> states = VerificationManifest.Shared.Examine(90);

        Assert.Equal(KernelCatalogue.Kernels.Count, states.Count);
        Assert.All(states, static state => Assert.NotEmpty(state.Reason));
        Assert.All(states, static state => Assert.Equal(64, state.Hash.Length));
        Assert.DoesNotContain(VerificationManifest.Shared.Examine(80), static state => state.Kernel.StartsWith("sm89", StringComparison.Ordinal));
        Assert.NotEqual(
            VerificationManifest.Shared.Examine(80).First(static state => state.Kernel == Kernel).Hash,
            states.First(static state => state.Kernel == Kernel).Hash);
    }

    [Fact]
    public void A_kernel_is_verified_as_it_was_and_not_as_it_becomes()
    {
        KernelModule module = KernelCatalogue.Modules.First(static module => module.Kernels.Contains(Kernel));
        string hash = VerificationManifest.HashOf(module, 90);
        VerificationManifest manifest = VerificationManifest.Parse(/*lang=json*/ """{ "version": 1, "kernels": [] }""").With([Row(hash)]);

        Assert.True(manifest.StateOf(Kernel, hash).IsVerified);
        Assert.Contains("verified on NVIDIA H200, CUDA 13.0, 2026-11-21", manifest.StateOf(Kernel, hash).Reason, StringComparison.Ordinal);
        Assert.Contains("it changed", manifest.StateOf(Kernel, VerificationManifest.HashOf(module, 80)).Reason, StringComparison.Ordinal);
        Assert.Contains("no run on hardware", manifest.StateOf("channel_means", hash).Reason, StringComparison.Ordinal);

        VerificationManifest later = manifest.With([Row("other")]);
        Assert.False(later.StateOf(Kernel, hash).IsVerified);
        Assert.Single(later.Rows);
        Assert.Equal(later.ToJson(), VerificationManifest.Parse(later.ToJson()).ToJson());
    }

    [Theory]
    [InlineData("""{ "version": 2, "kernels": [] }""", "version 2")]
    [InlineData("""{ "version": 1, "kernels": [], "more": 1 }""", "cannot be read")]
    [InlineData("""{ "version": 1, "kernels": [ { "kernel": "a" } ] }""", "cannot be read")]
    [InlineData("null", "empty")]
    public void A_file_that_is_not_one_is_refused(string json, string reason) =>
        Assert.Contains(reason, Assert.Throws<FormatException>(() => VerificationManifest.Parse(json)).Message, StringComparison.Ordinal);

    [StubFact]
    public void Unverified_kernels_are_refused_unless_they_are_allowed()
    {
        StubDriver.Reset();
        AttentionPlan plan = BackendCase.Dense(new AttentionShape(1, 1, 64, 64, 64), KnownRecipes.Int8);
        string folder = Directory.CreateTempSubdirectory("tessera-kernels-").FullName;
        CudaOptions options = new() { Device = new() { CacheFolder = folder } };

        using (CudaBackend backend = new(options))
        {
            BackendSupport support = backend.Supports(plan);
            Assert.False(support.IsSupported);
            Assert.Contains("is unverified on sm_90: no run on hardware has verified it yet", support.Reason, StringComparison.Ordinal);
            Assert.Contains("AllowUnverifiedKernels", support.Reason, StringComparison.Ordinal);
            Assert.Throws<BackendUnavailableException>(() => backend.Compile(plan));
        }

        using (CudaBackend backend = new(options with { AllowUnverifiedKernels = true }))
        {
            Assert.Contains("5 kernels unverified", backend.Supports(plan).Reason, StringComparison.Ordinal);
            backend.Compile(plan).Dispose();
        }

        Directory.Delete(folder, recursive: true);
    }

    private static VerifiedKernel Row(string hash) => new()
    {
        Kernel = Kernel,
        Hash = hash,
        Options = "--gpu-architecture=sm_90 --std=c++17 -lineinfo",
        Device = "NVIDIA H200",
        Driver = "13.0",
        Compiler = "13.0",
        Date = new DateOnly(2026, 11, 21),
        Error = 0.001,
        Check = "relative L2 of the quantised reference, 0.005",
        Registers = 168,
        LocalBytes = 0,
        TeraOperations = 450,
    };
}
