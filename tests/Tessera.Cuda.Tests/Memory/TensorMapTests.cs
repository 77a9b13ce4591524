using Tessera.Cuda.Driver;
using Tessera.Cuda.Memory;
using Tessera.Cuda.Tests.Stubs;
using Xunit;

namespace Tessera.Cuda.Tests.Memory;

[Collection(StubTests.Name)]
public sealed class TensorMapTests
{
    /// <summary>Codes of keys, [heads, slots, 128] bytes, in boxes of 128 slots.</summary>
    private static readonly TensorMap Keys = new(
        new DevicePointer(0x7f0000000000), TensorMapElement.UInt8, [128, 32768, 12], [128, 128 * 32768], [128, 128, 1], TensorMapSwizzle.Bytes128);

    [StubFact]
    public void A_map_goes_to_the_driver_as_described()
    {
        using StubDevice stub = StubDevice.Open();

        EncodedTensorMap encoded = stub.Device.EncodeTensorMap(Keys);

        Assert.Equal(
            "cuTensorMapEncodeTiled type=0 rank=3 extents=128,32768,12 strides=128,4194304 box=128,128,1 steps=1,1,1 "
                + "interleave=0 swizzle=3 promotion=3 fill=0",
            StubDriver.Calls[^1]);
        Assert.All(((ReadOnlySpan<byte>)encoded).ToArray(), static value => Assert.Equal(0x5a, value));
    }

    [StubFact]
    public void A_refusal_of_the_driver_says_of_what()
    {
        using StubDevice stub = StubDevice.Open();
        StubDriver.Fail("cuTensorMapEncodeTiled", 1);

        CudaException refusal = Assert.Throws<CudaException>(() => stub.Device.EncodeTensorMap(Keys));

        Assert.Contains("UInt8 [128, 32768, 12], box [128, 128, 1]", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_limit_is_checked_before_the_driver_is_asked()
    {
        Keys.Validate();
        Refused(Keys with { Address = new DevicePointer(8) }, "Address");
        Refused(Keys with { Address = DevicePointer.Null }, "Address");
        Refused(Keys with { Extents = [] }, "Extents");
        Refused(Keys with { Extents = [128, (1L << 32) + 1, 12] }, "Extents");
        Refused(Keys with { Extents = [128, 0, 12] }, "Extents");
        Refused(Keys with { Strides = [128] }, "Strides");
        Refused(Keys with { Strides = [136, 128 * 32768] }, "Strides");
        Refused(Keys with { Strides = [128, 1L << 40] }, "Strides");
        Refused(Keys with { Box = [128, 257, 1] }, "Box");
        Refused(Keys with { Box = [128, 128] }, "Box");
        Refused(Keys with { Box = [120, 128, 1] }, "Box");
        Refused(Keys with { Box = [256, 128, 1] }, "Box");
        Refused(Keys with { Swizzle = TensorMapSwizzle.Bytes64 }, "Box");
        (Keys with { Box = [64, 128, 1], Swizzle = TensorMapSwizzle.Bytes64 }).Validate();
        (Keys with { Box = [256, 16, 1], Swizzle = TensorMapSwizzle.None }).Validate();
    }

    private static void Refused(TensorMap map, string name) => Assert.Equal(name, Assert.Throws<ArgumentException>(map.Validate).ParamName);
}
