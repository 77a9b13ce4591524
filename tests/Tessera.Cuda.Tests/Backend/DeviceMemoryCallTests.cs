using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Emulation;
using Tessera.Cuda.Execution;
using Tessera.Cuda.Memory;
using Tessera.Quantization;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Cuda.Tests.Backend;

/// <summary>For callers whose tensors lie on the device already.</summary>
public sealed class DeviceMemoryCallTests
{
    private static readonly AttentionShape Shape = new(2, 2, 100, 100, 64);

    [EmulatedFact]
    public void Pointers_and_spans_give_equal_bits()
    {
        SeededInputs inputs = SeededInputs.Biased(Shape);
        using EmulatedDevice device = new();
        using CudaBackend backend = new(device, BackendCase.Unverified);
        using CudaAttentionKernel kernel = backend.Compile(BackendCase.Dense(Shape, KnownRecipes.Int8));
        float[] expected = new float[inputs.Query.Length];
        float[] expectedSums = new float[2 * 2 * 100];
        kernel.Run(inputs.Inputs, new TensorSpan<float>(expected, [2, 2, 100, 64]), expectedSums);

        long bytes = sizeof(float) * (long)expected.Length;
        using DeviceMemory memory = DeviceMemory.Allocate(device, (4 * bytes) + 4096);
        DevicePointer at = memory.Pointer;
        device.CopyToDevice(at, inputs.Query.AsSpan());
        device.CopyToDevice(at + bytes, inputs.Key.AsSpan());
        device.CopyToDevice(at + (2 * bytes), inputs.Value.AsSpan());
        CudaStream stream = device.CreateStream();
        CudaTensor TensorAt(int index) => CudaTensor.Dense(at + (index * bytes), NumberFormat.Float32, 2, 100, 64);
        kernel.Enqueue(
            new CudaAttentionCall
            {
                Query = TensorAt(0),
                Key = TensorAt(1),
                Value = TensorAt(2),
                Output = TensorAt(3),
                LogSumExp = at + (4 * bytes),
            },
            stream);

        Assert.False(kernel.MetFault(stream));
        float[] output = new float[expected.Length];
        float[] sums = new float[expectedSums.Length];
        device.CopyToHost(output.AsSpan(), at + (3 * bytes), stream);
        device.CopyToHost(sums.AsSpan(), at + (4 * bytes), stream);
        NumericAssert.BitwiseEqual(expected, output);
        NumericAssert.BitwiseEqual(expectedSums, sums);
    }

    [EmulatedFact]
    public void The_output_may_be_narrow_and_token_major()
    {
        SeededInputs inputs = SeededInputs.Biased(Shape);
        using EmulatedDevice device = new();
        using CudaBackend backend = new(device, BackendCase.Unverified);
        using CudaAttentionKernel kernel = backend.Compile(BackendCase.Dense(Shape, KnownRecipes.BFloat16));
        float[] expected = new float[inputs.Query.Length];
        kernel.Run(inputs.Inputs, new TensorSpan<float>(expected, [2, 2, 100, 64]));

        long bytes = sizeof(float) * (long)expected.Length;
        using DeviceMemory memory = DeviceMemory.Allocate(device, 4 * bytes);
        float[][] sources = [inputs.Query, inputs.Key, inputs.Value];
        for (int i = 0; i < sources.Length; i++)
        {
            device.CopyToDevice(memory.Pointer + (i * bytes), sources[i].AsSpan());
        }

        CudaTensor output = CudaTensor.TokenMajor(memory.Pointer + (3 * bytes), NumberFormat.BFloat16, 2, 100, 64);
        kernel.Enqueue(new CudaAttentionCall
        {
            Query = CudaTensor.Dense(memory.Pointer, NumberFormat.Float32, 2, 100, 64),
            Key = CudaTensor.Dense(memory.Pointer + bytes, NumberFormat.Float32, 2, 100, 64),
            Value = CudaTensor.Dense(memory.Pointer + (2 * bytes), NumberFormat.Float32, 2, 100, 64),
            Output = output,
        });
        ushort[] narrow = new ushort[expected.Length];
        device.CopyToHost(narrow.AsSpan(), output.Pointer);
        for (int batch = 0; batch < 2; batch++)
        {
            for (int head = 0; head < 2; head++)
            {
                for (int i = 0; i < 100 * 64; i++)
                {
                    float wide = expected[(((batch * 2) + head) * 100 * 64) + i];
                    ushort got = narrow[(batch * output.BatchStride) + (head * output.HeadStride) + (i / 64 * output.TokenStride) + (i % 64)];
                    Assert.Equal(((Numerics.BFloat16)wide).Bits, got);
                }
            }
        }
    }

    [EmulatedFact]
    public void Codes_on_the_device_are_those_of_the_specification_bit_for_bit()
    {
        SeededInputs inputs = SeededInputs.Biased(Shape);
        using EmulatedDevice device = new();
        using CudaBackend backend = new(device, BackendCase.Unverified);
        QuantizationRecipe recipe = KnownRecipes.ParoReleased;
        using CudaAttentionKernel kernel = backend.Compile(BackendCase.Dense(Shape, recipe));
        kernel.Run(inputs.Inputs, new TensorSpan<float>(new float[inputs.Query.Length], [2, 2, 100, 64]));

        (OperandBuffers query, OperandBuffers key, _, DeviceMemory work) = kernel.DevicePlan.Buffers;
        const int Padded = 128;
        foreach ((OperandBuffers buffers, OperandFormat format, AttentionOperand operand, float[] source) in
            new[] { (query, recipe.Query, AttentionOperand.Query, inputs.Query), (key, recipe.Key, AttentionOperand.Key, inputs.Key) })
        {
            sbyte[] codes = new sbyte[4 * Padded * 64];
            float[] scales = new float[4 * Padded];
            device.CopyToHost(codes.AsSpan(), buffers.Codes.In(work));
            device.CopyToHost(scales.AsSpan(), buffers.Scales.In(work));
            for (int head = 0; head < 4; head++)
            {
                QuantizedTensor expected = Quantizer.Quantize(source.AsSpan(head * 100 * 64, 100 * 64), 64, format, operand);
                Assert.Equal(expected.IntegerCodes, codes.AsSpan(head * Padded * 64, 100 * 64));
                for (int slot = 0; slot < 100; slot++)
                {
                    Assert.Equal(expected.ScaleAt(slot, 0), scales[(head * Padded) + slot]);
                }
            }
        }
    }
}
