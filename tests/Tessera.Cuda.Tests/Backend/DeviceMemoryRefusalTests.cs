using Tessera.Attention;
using Tessera.Cuda.Driver;
using Tessera.Quantization;
using Xunit;

namespace Tessera.Cuda.Tests.Backend;

/// <summary>What a caller of the device-pointer API can get wrong: each error names tensor, value, what was wanted and the remedy.</summary>
public sealed class DeviceMemoryRefusalTests
{
    private static readonly AttentionShape Shape = new(2, 3, 100, 100, 64);
    private static readonly AttentionPlan Plan = BackendCase.Dense(Shape, KnownRecipes.Int8);
    private static readonly CudaTensor Good = CudaTensor.Dense(new DevicePointer(0x1000), NumberFormat.Float32, 3, 100, 64);
    private static readonly CudaAttentionCall Call = new() { Query = Good, Key = Good, Value = Good, Output = Good };

    [Fact]
    public void What_fits_is_taken()
    {
        Call.RequireFits(Plan);
        CudaTensor tokenMajor = CudaTensor.TokenMajor(new DevicePointer(0x1002), NumberFormat.BFloat16, 3, 100, 64);
        (Call with { Query = tokenMajor, Output = tokenMajor, LogSumExp = new DevicePointer(4) }).RequireFits(Plan);

        // Rows with gaps, heads that share keys, and strides of axes with one entry.
        (Call with { Output = Good with { TokenStride = 80, HeadStride = 8000, BatchStride = 24000 } }).RequireFits(Plan);
        (Call with { Key = Good with { HeadStride = 0 } }).RequireFits(Plan);
        AttentionPlan single = BackendCase.Dense(Shape with { Batch = 1 }, KnownRecipes.Int8);
        (Call with { Output = Good with { BatchStride = 0 } }).RequireFits(single);
    }

    [Fact]
    public void A_tensor_without_memory_or_of_another_format_is_named()
    {
        Refuses(Call with { Key = Good with { Pointer = DevicePointer.Null } }, "Key", "Key is null; wanted the address of its first element");
        Refuses(Call with { Value = Good with { Format = NumberFormat.Int8 } }, "Value", "Value is Int8; the kernels read and write Float32, BFloat16 and Float16: convert");
        Refuses(Call with { Query = default }, "Query", "Query is null");
    }

    [Fact]
    public void An_address_that_the_format_does_not_allow_is_named()
    {
        Refuses(Call with { Output = Good with { Pointer = new DevicePointer(0x1002) } }, "Output", "Output begins at 0x1002; elements of Float32 need an address that 4 divides");
        Refuses(
            Call with { Query = Good with { Pointer = new DevicePointer(0x1001), Format = NumberFormat.Float16 } }, "Query",
            "elements of Float16 need an address that 2 divides");
        Refuses(Call with { LogSumExp = new DevicePointer(0x2002) }, "LogSumExp", "LogSumExp begins at 0x2002; it is binary32 [batch, heads, queries]");
    }

    [Theory]
    [InlineData(19200, 6400, 32)]
    [InlineData(19200, 64, 64)]
    [InlineData(6400, 6400, 64)]
    [InlineData(0, 6400, 64)]
    [InlineData(19200, 0, 64)]
    [InlineData(19200, 6399, 64)]
    public void Rows_of_the_output_that_overlap_are_refused(long batch, long head, long token) =>
        Refuses(
            Call with { Output = Good with { BatchStride = batch, HeadStride = head, TokenStride = token } }, "Output",
            $"Output has strides of {batch} (batch), {head} (head) and {token} (token) elements for [2, 3, 100, 64]: rows of 64 channels overlap");

    [Fact]
    public void Strides_that_leave_the_address_space_are_refused()
    {
        Refuses(
            Call with { Value = Good with { HeadStride = long.MaxValue / 4 } }, "Value", "strides count elements, not bytes");
        Refuses(Call with { Value = Good with { BatchStride = long.MinValue } }, "Value", "strides count elements, not bytes");
    }

    [Fact]
    public void A_rotary_embedding_of_other_sizes_is_refused()
    {
        Refuses(Call with { Rotary = RotaryEmbedding.ForSequence(99, 64) }, "Rotary", "turns 99 tokens of 64 channels, the plan is for [2, 3, 100, 64]");
        Refuses(Call with { Rotary = RotaryEmbedding.ForSequence(100, 32) }, "Rotary", "turns 100 tokens of 32 channels");
    }

    private static void Refuses(CudaAttentionCall call, string name, string reason)
    {
        ArgumentException refusal = Assert.Throws<ArgumentException>(() => call.RequireFits(Plan));

        Assert.Equal(name, refusal.ParamName);
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
    }
}
