using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using Tessera.Attention;
using Tessera.Backends.Cpu;
using Tessera.Backends.Cpu.Isa;
using Tessera.Backends.Cpu.Packing;
using Tessera.Backends.Reference;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Numerics;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Backends.Cpu;

/// <summary>16-bit inputs mean the numbers they hold: results equal those of binary32 inputs with the same numbers, bit for bit.</summary>
public sealed class CpuInputTypeTests
{
    public static TheoryData<string, NumberFormat> Cases()
    {
        TheoryData<string, NumberFormat> data = [];
        foreach (QuantizationRecipe recipe in KnownRecipes.All)
        {
            data.Add(recipe.Name, NumberFormat.BFloat16);
            data.Add(recipe.Name, NumberFormat.Float16);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void NarrowInputsEqualWideOnes(string recipe, NumberFormat format)
    {
        foreach (int headDim in (int[])[64, 40, 7])
        {
            AttentionShape shape = new(2, 2, 70, 99, headDim);
            RequireEqual(CpuTestCase.Dense(shape, KnownRecipes.Parse(recipe)), new NarrowInputs(SeededInputs.Biased(shape), format));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void NarrowInputsEqualWideOnesInEveryOrder(string recipe, NumberFormat format)
    {
        TokenGrid grid = new(3, 5, 7, 9, TextPlacement.Front);
        TokenOrder[] orders = [TileLayout.ForBlocks(grid, new TileShape(2, 4, 4), 16, 16).Order, TokenOrder.ForAxisOrder(grid, AxisOrder.Parse("WHF"))];
        foreach (TokenOrder order in orders)
        {
            AttentionShape shape = new(1, 2, grid.Tokens, grid.Tokens, 48);
            AttentionPlan plan = CpuTestCase.Dense(shape, KnownRecipes.Parse(recipe)) with
            {
                Grid = grid,
                Orders = [order],
                Mask = CpuTestCase.RandomMask(order.Slots, order.Slots, new BlockSize(16, 16), 0.6, 2),
            };
            RequireEqual(plan, new NarrowInputs(SeededInputs.Biased(shape), format));
        }
    }

    [Fact]
    public void EachOperandMayHaveATypeOfItsOwn()
    {
        AttentionShape shape = new(1, 2, 66, 66, 32);
        NarrowInputs inputs = new(SeededInputs.Normal(shape), NumberFormat.Float16, NumberFormat.Float32, NumberFormat.BFloat16);
        RequireEqual(CpuTestCase.Dense(shape, KnownRecipes.Int8), inputs);
        Assert.Equal(NumberFormat.Float16, inputs.Inputs.Query.Format);
        Assert.Equal(NumberFormat.Float32, inputs.Inputs.Key.Format);
        Assert.Equal(NumberFormat.BFloat16, inputs.Inputs.Value.Format);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TheReferenceReadsTheSameNumbers(string recipe, NumberFormat format)
    {
        AttentionShape shape = new(1, 1, 20, 33, 12);
        NarrowInputs inputs = new(SeededInputs.Biased(shape), format);
        AttentionPlan plan = CpuTestCase.Dense(shape, KnownRecipes.Parse(recipe));
        Assert.Equal(ReferenceAttention.Compute(plan, inputs.Widened).Output, ReferenceAttention.Compute(plan, inputs.Inputs).Output);
    }

    [Fact]
    public void EveryBinary16AndBFloat16NumberWidensExactly()
    {
        RequireWidening<Isa128, Vector128<float>>();
        if (Isa256.IsSupported)
        {
            RequireWidening<Isa256, Vector256<float>>();
        }

        if (Isa512.IsSupported)
        {
            RequireWidening<Isa512, Vector512<float>>();
        }
    }

    [Theory]
    [InlineData("none")]
    [InlineData("int8")]
    [InlineData("int4")]
    [InlineData("fp8")]
    public void NonFiniteInputsAreRefusedByPlace(string recipe)
    {
        AttentionShape shape = new(1, 2, 70, 70, 32);
        AttentionPlan plan = CpuTestCase.Dense(shape, KnownRecipes.Parse(recipe));
        foreach (float bad in (float[])[float.NaN, float.NegativeInfinity])
        {
            for (int operand = 0; operand < 3; operand++)
            {
                SeededInputs inputs = SeededInputs.Normal(shape);
                float[] data = operand switch { 0 => inputs.Query, 1 => inputs.Key, _ => inputs.Value };
                data[((70 + 66) * 32) + 9] = bad;
                foreach (NumberFormat format in (NumberFormat[])[NumberFormat.BFloat16, NumberFormat.Float16])
                {
                    NarrowInputs narrow = new(inputs, format);
                    ArgumentException error = Assert.Throws<ArgumentException>(() => Run(plan, narrow.Inputs, CpuOptions.Default));
                    Assert.Contains($"{(operand switch { 0 => "query", 1 => "key", _ => "value" })}[0, 1, 66, 9] is {bad}", error.Message, StringComparison.Ordinal);
                }
            }
        }
    }

    [Theory]
    [InlineData("none", 13, 5)]
    [InlineData("int8", 65, 64)]
    [InlineData("int8", 30, 33)]
    [InlineData("int4", 66, 100)]
    [InlineData("fp8", 66, 48)]
    public void NothingOutsideTheTensorsIsRead(string recipe, int tokens, int headDim)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        AttentionShape shape = new(1, 1, tokens, tokens, headDim);
        SeededInputs inputs = SeededInputs.Biased(shape);
        RotaryEmbedding? rotary = headDim % 2 == 0 ? RotaryEmbedding.ForSequence(tokens, headDim) : null;
        float[] output = new float[inputs.Query.Length];
        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            using IAttentionKernel kernel = new CpuBackend(options).Compile(CpuTestCase.Dense(shape, KnownRecipes.Parse(recipe)));
            foreach (bool after in (bool[])[true, false])
            {
                using GuardedMemory<Half> query = Guard(inputs.Query, static x => (Half)x, after);
                using GuardedMemory<float> key = Guard(inputs.Key, static x => x, after);
                using GuardedMemory<BFloat16> value = Guard(inputs.Value, static x => (BFloat16)x, after);
                nint[] lengths = [1, 1, tokens, headDim];
                AttentionInputs guarded = new(
                    new ReadOnlyTensorSpan<Half>(query.Span, lengths), new ReadOnlyTensorSpan<float>(key.Span, lengths), new ReadOnlyTensorSpan<BFloat16>(value.Span, lengths));
                _ = kernel.Run(guarded, new TensorSpan<float>(output, lengths));
                _ = kernel.Run(guarded with { Rotary = rotary }, new TensorSpan<float>(output, lengths));
                NumericAssert.AllFinite(output);
            }
        }
    }

    [Fact]
    public void RunsAllocateNothing()
    {
        AttentionShape shape = new(1, 2, 200, 200, 64);
        NarrowInputs inputs = new(SeededInputs.Normal(shape), NumberFormat.BFloat16);
        float[] output = new float[2 * 200 * 64];
        using IAttentionKernel kernel = new CpuBackend(new CpuOptions { Threads = 1 }).Compile(CpuTestCase.Dense(shape, KnownRecipes.Int4));
        AttentionInputs views = inputs.Inputs with { Rotary = RotaryEmbedding.ForSequence(200, 64) };
        TensorSpan<float> target = new(output, [1, 2, 200, 64]);
        kernel.Run(views, target);
        long before = GC.GetAllocatedBytesForCurrentThread();
        kernel.Run(views, target);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void TensorsThatDoNotFitAreNamed()
    {
        BFloat16[] data = new BFloat16[64];
        Assert.Contains(
            "key has 3 dimensions",
            Assert.Throws<ArgumentException>(() => new AttentionInputs(
                new ReadOnlyTensorSpan<BFloat16>(data, [1, 1, 4, 16]), new ReadOnlyTensorSpan<BFloat16>(data, [1, 4, 16]), new ReadOnlyTensorSpan<BFloat16>(data, [1, 1, 4, 16]))).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "value has stride 2 between channels",
            Assert.Throws<ArgumentException>(() => new AttentionInputs(
                new ReadOnlyTensorSpan<BFloat16>(data, [1, 1, 4, 8]), new ReadOnlyTensorSpan<BFloat16>(data, [1, 1, 4, 8]), new ReadOnlyTensorSpan<BFloat16>(data, [1, 1, 4, 8], [0, 0, 16, 2]))).Message,
            StringComparison.Ordinal);
    }

    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private static GuardedMemory<T> Guard<T>(float[] data, Converter<float, T> convert, bool after)
        where T : unmanaged
    {
        GuardedMemory<T> memory = new(data.Length, after);
        Array.ConvertAll(data, convert).CopyTo(memory.Span);
        return memory;
    }

    private static void RequireEqual(AttentionPlan plan, NarrowInputs inputs)
    {
        foreach (CpuOptions options in CpuTestCase.AllOptions())
        {
            (float[] wanted, float[] wantedSums) = Run(plan, inputs.Widened, options);
            (float[] output, float[] sums) = Run(plan, inputs.Inputs, options);
            NumericAssert.BitwiseEqual(wanted, output);
            NumericAssert.BitwiseEqual(wantedSums, sums);
        }
    }

    private static (float[] Output, float[] LogSumExp) Run(AttentionPlan plan, in AttentionInputs inputs, CpuOptions options)
    {
        AttentionShape shape = plan.Shape;
        float[] output = new float[shape.Batch * shape.Heads * shape.QueryLength * shape.HeadDim];
        float[] sums = new float[shape.Batch * shape.Heads * shape.QueryLength];
        using IAttentionKernel kernel = new CpuBackend(options).Compile(plan);
        _ = kernel.Run(inputs, new TensorSpan<float>(output, [shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDim]), sums);
        return (output, sums);
    }

    private static unsafe void RequireWidening<TIsa, TVector>()
        where TIsa : struct, IVectorIsa<TVector>
        where TVector : unmanaged
    {
        const int Count = 1 << 16;
        Half[] halves = new Half[Count];
        BFloat16[] brains = new BFloat16[Count];
        for (int bits = 0; bits < Count; bits++)
        {
            halves[bits] = BitConverter.UInt16BitsToHalf((ushort)bits);
            brains[bits] = BFloat16.FromBits((ushort)bits);
        }

        // An odd count leaves a scalar rest in every width.
        float[] scratch = new float[Count];
        fixed (Half* half = halves)
        fixed (BFloat16* brain = brains)
        fixed (float* row = scratch)
        {
            RowSource source = new((byte*)half, new ReadOnlyTensorSpan<Half>(halves, [1, 1, 1, Count - 1]));
            float* widened = new SlotRows<TIsa, TVector>(source, 0, 0, null, 1, null).Read(0, row);
            for (int i = 0; i < Count - 1; i++)
            {
                Assert.True(Same((float)halves[i], widened[i]), $"binary16 {i:x4} became {widened[i]}, wanted {(float)halves[i]}");
            }

            source = new((byte*)brain, new ReadOnlyTensorSpan<BFloat16>(brains, [1, 1, 1, Count - 1]));
            widened = new SlotRows<TIsa, TVector>(source, 0, 0, null, 1, null).Read(0, row);
            for (int i = 0; i < Count - 1; i++)
            {
                Assert.True(Same((float)brains[i], widened[i]), $"bfloat16 {i:x4} became {widened[i]}, wanted {(float)brains[i]}");
            }
        }

        static bool Same(float wanted, float got) => float.IsNaN(wanted)
            ? float.IsNaN(got)
            : BitConverter.SingleToInt32Bits(wanted) == BitConverter.SingleToInt32Bits(got);
    }
}
