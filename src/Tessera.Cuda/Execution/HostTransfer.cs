using System.Runtime.InteropServices;
using Tessera.Cuda.Driver;
using Tessera.Quantization;

namespace Tessera.Cuda.Execution;

/// <summary>
/// Moves tensors between spans and the device. A tensor without gaps is one copy and keeps its strides; others go row by row through a
/// buffer of a few megabytes and lie dense on the device.
/// </summary>
internal sealed unsafe class HostTransfer : IDisposable
{
    private const long BufferBytes = 4 << 20;

    private readonly ICudaDevice _device;
    private readonly CudaStream _stream;
    private byte* _buffer;

    public HostTransfer(ICudaDevice device, CudaStream stream)
    {
        _device = device;
        _stream = stream;
    }

    /// <summary>Describes a tensor as it will lie on the device.</summary>
    public static CudaTensor Describe(
        in HostTensor tensor, DevicePointer target, NumberFormat format, (int Heads, int Tokens, int Channels) sizes) =>
        tensor.IsOneStretch
            ? new CudaTensor(target, format, tensor.Strides.Batch, tensor.Strides.Head, tensor.Strides.Token)
            : CudaTensor.Dense(target, format, sizes.Heads, sizes.Tokens, sizes.Channels);

    /// <summary>Sends a tensor.</summary>
    public void Send(in HostTensor tensor, DevicePointer target)
    {
        if (tensor.IsOneStretch)
        {
            _device.CopyToDevice(target, tensor.First, tensor.Bytes, _stream);
            return;
        }

        long perCopy = RowsOfBuffer(tensor);
        for (long first = 0; first < tensor.Rows; first += perCopy)
        {
            long count = Math.Min(perCopy, tensor.Rows - first);
            for (long row = 0; row < count; row++)
            {
                NativeMemory.Copy(tensor.Row(first + row), _buffer + (row * tensor.RowBytes), (nuint)tensor.RowBytes);
            }

            _device.CopyToDevice(target + (first * tensor.RowBytes), _buffer, count * tensor.RowBytes, _stream);
        }
    }

    /// <summary>Receives a tensor.</summary>
    public void Receive(in HostTensor tensor, DevicePointer source)
    {
        if (tensor.IsOneStretch)
        {
            _device.CopyToHost(tensor.First, source, tensor.Bytes, _stream);
            return;
        }

        long perCopy = RowsOfBuffer(tensor);
        for (long first = 0; first < tensor.Rows; first += perCopy)
        {
            long count = Math.Min(perCopy, tensor.Rows - first);
            _device.CopyToHost(_buffer, source + (first * tensor.RowBytes), count * tensor.RowBytes, _stream);
            for (long row = 0; row < count; row++)
            {
                NativeMemory.Copy(_buffer + (row * tensor.RowBytes), tensor.Row(first + row), (nuint)tensor.RowBytes);
            }
        }
    }

    public void Dispose()
    {
        NativeMemory.Free(_buffer);
        _buffer = null;
    }

    private long RowsOfBuffer(in HostTensor tensor)
    {
        if (_buffer is null)
        {
            _buffer = (byte*)NativeMemory.Alloc((nuint)BufferBytes);
        }

        return BufferBytes / tensor.RowBytes;
    }
}
