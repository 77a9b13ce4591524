using Tessera.Cuda.Driver;
using Tessera.Cuda.Tests.Stubs;
using Xunit;

namespace Tessera.Cuda.Tests.Driver;

[Collection(StubTests.Name)]
public sealed class CudaSystemTests
{
    [StubFact]
    public void A_machine_with_everything_is_described()
    {
        StubDriver.Reset();
        StubDriver.SetDevices(2);

        CudaSystem system = CudaSystem.Examine();

        Assert.Null(system.Fault);
        Assert.Null(system.NvrtcFault);
        Assert.Equal(StubLibraries.Driver, system.DriverFile);
        Assert.Equal(13000, system.DriverVersion);
        Assert.Equal(StubLibraries.Nvrtc, system.NvrtcFile);
        Assert.Equal(13000, system.NvrtcVersion);
        Assert.Equal(["Stub GPU 0", "Stub GPU 1"], system.Devices.Select(static device => device.Name));
    }

    [StubFact]
    public void A_driver_older_than_CUDA_12_is_refused_before_it_is_initialised()
    {
        StubDriver.Reset();
        StubDriver.SetVersion(11080);

        CudaSystem system = CudaSystem.Examine();

        Assert.Empty(system.Devices);
        Assert.Contains("supports CUDA 11.8; wanted 12.0 or later", system.Fault, StringComparison.Ordinal);
        Assert.Equal(["cuDriverGetVersion"], StubDriver.Calls);
    }

    [StubTheory]
    [InlineData("cuInit", 100, "CUDA_ERROR_NO_DEVICE: the driver sees no GPU")]
    [InlineData("cuInit", 34, "CUDA_ERROR_STUB_LIBRARY: the library is the toolkit's link-time stub")]
    [InlineData("cuInit", 803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH: kernel driver and user-mode library differ")]
    [InlineData("cuInit", 802, "CUDA_ERROR_SYSTEM_NOT_READY: the driver is there and its services are not")]
    [InlineData("cuDeviceGetName", 101, "cuDeviceGetName failed with CUDA_ERROR_INVALID_DEVICE")]
    public void A_driver_that_fails_is_quoted_with_what_to_do(string call, int code, string reason)
    {
        StubDriver.Reset();
        StubDriver.Fail(call, code);

        Assert.Contains(reason, CudaSystem.Examine().Fault, StringComparison.Ordinal);
    }

    [StubFact]
    public void An_NVRTC_that_does_not_suit_the_driver_is_not_used()
    {
        StubDriver.Reset();
        StubDriver.SetVersion(12060);
        Assert.Contains("NVRTC 13.0 makes code that the driver of CUDA 12.6 does not load", CudaSystem.Examine().NvrtcFault, StringComparison.Ordinal);

        StubDriver.SetNvrtcVersion(12080);
        Assert.Null(CudaSystem.Examine().NvrtcFault);

        StubDriver.SetNvrtcVersion(11080);
        Assert.Contains("NVRTC is 11.8; wanted 12.0", CudaSystem.Examine().NvrtcFault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_missing_is_named_with_every_candidate_and_the_override()
    {
        NativeLibraryState state = NativeLibraries.Find("NVRTC", "TESSERA_NVRTC", null, ["libabsent.so.1", "libabsent.so"], "no toolkit");

        Assert.False(state.IsLoaded);
        Assert.Equal("libabsent.so.1, libabsent.so cannot be loaded: no toolkit (set TESSERA_NVRTC to its path if it is elsewhere)", state.Fault);
    }

    [Fact]
    public void An_override_that_does_not_load_is_an_error_and_not_passed_over()
    {
        NativeLibraryState state = NativeLibraries.Find("NVRTC", "TESSERA_NVRTC", "/nonexistent/libnvrtc.so", ["libc.so.6"], "no toolkit");

        Assert.False(state.IsLoaded);
        Assert.StartsWith("TESSERA_NVRTC names /nonexistent/libnvrtc.so, which cannot be loaded: ", state.Fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(13000, "13.0")]
    [InlineData(12040, "12.4")]
    [InlineData(11080, "11.8")]
    public void Versions_read_as_people_write_them(int version, string text) => Assert.Equal(text, CudaVersion.Text(version));
}
