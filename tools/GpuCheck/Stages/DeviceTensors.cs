using GpuCheck.Inputs;
using Tessera.Attention;
using Tessera.Cuda;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Memory;
using Tessera.Numerics;
using Tessera.Quantization;

namespace GpuCheck.Stages;

/// <summary>Inputs in device memory, several copies by turns so that no run finds the last one's in the cache.</summary>
internal sealed class DeviceTensors : IDisposable
{
    private const int ChunkElements = 1 << 24;

    private readonly DeviceMemory _memory;

    private DeviceTensors(DeviceMemory memory, CudaAttentionCall[] calls)
    {
        _memory = memory;
        Calls = calls;
    }

    /// <summary>Calls, one for each copy.</summary>
    public CudaAttentionCall[] Calls { get; }

    public static DeviceTensors Make(CudaDevice device, AttentionShape shape, NumberFormat format, int copies)
    {
        int bytes = format == NumberFormat.Float32 ? 4 : 2;
        long queries = (long)shape.Batch * shape.Heads * shape.QueryLength * shape.HeadDim * bytes;
        long keys = (long)shape.Batch * shape.Heads * shape.KeyLength * shape.HeadDim * bytes;
        long each = Aligned(queries) + (2 * Aligned(keys)) + Aligned(queries);
        DeviceMemory memory = DeviceMemory.Allocate(device, each * copies);
        CudaAttentionCall[] calls = new CudaAttentionCall[copies];
        for (int i = 0; i < copies; i++)
        {
            DevicePointer at = memory.Pointer + (i * each);
            calls[i] = new CudaAttentionCall
            {
                Query = Tensor(at, shape.QueryLength),
                Key = Tensor(at + Aligned(queries), shape.KeyLength),
                Value = Tensor(at + Aligned(queries) + Aligned(keys), shape.KeyLength),
                Output = Tensor(at + Aligned(queries) + (2 * Aligned(keys)), shape.QueryLength),
            };
            Fill(device, calls[i].Query.Pointer, queries / bytes, format, (ulong)((3 * i) + 3));
            Fill(device, calls[i].Key.Pointer, keys / bytes, format, (ulong)((3 * i) + 4));
            Fill(device, calls[i].Value.Pointer, keys / bytes, format, (ulong)((3 * i) + 5));
        }

        return new DeviceTensors(memory, calls);

        CudaTensor Tensor(DevicePointer pointer, int tokens) => CudaTensor.Dense(pointer, format, shape.Heads, tokens, shape.HeadDim);
    }

    public void Dispose() => _memory.Dispose();

    private static long Aligned(long bytes) => (bytes + 255) / 256 * 256;

    // One chunk of random numbers is repeated: making gigabytes of them takes longer than the measurement.
    private static void Fill(CudaDevice device, DevicePointer target, long elements, NumberFormat format, ulong stream)
    {
        float[] chunk = CounterNormal.Fill(stream, Math.Min(elements, ChunkElements));
        BFloat16[] narrow = new BFloat16[format == NumberFormat.Float32 ? 0 : chunk.Length];
        if (narrow.Length > 0)
        {
            BFloat16.ConvertFromSingle(chunk, narrow);
        }

        for (long first = 0; first < elements; first += chunk.Length)
        {
            int count = (int)Math.Min(chunk.Length, elements - first);
            if (narrow.Length > 0)
            {
                device.CopyToDevice(target + (first * 2), narrow.AsSpan(0, count));
            }
            else
            {
                device.CopyToDevice(target + (first * 4), chunk.AsSpan(0, count));
            }
        }
    }
}
