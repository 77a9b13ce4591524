using System.Diagnostics.CodeAnalysis;
using System.Numerics.Tensors;
using Tessera.Attention;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Execution;
using Tessera.Cuda.Memory;
using Tessera.Cuda.Planning;
using Tessera.Quantization;

namespace Tessera.Cuda;

/// <summary>
/// A plan compiled for a GPU. <see cref="Enqueue"/> works on memory that is on the device and returns at once;
/// <see cref="Run"/> takes spans, sends them, waits and brings the result back. Neither reserves device memory
/// once sizes have been seen.
/// </summary>
/// <remarks>
/// Two runs over equal inputs give equal bits: key blocks are visited in ascending order and nothing is added atomically. An instance is
/// called by one thread at a time. It has one set of work memory, so a call in another stream than the last waits, on the device, for that
/// one to end; calls that shall overlap need an instance each.
/// </remarks>
public sealed unsafe class CudaAttentionKernel : IAttentionKernel
{
    private readonly ICudaDevice _device;
    private readonly PlannedAttention _planned;
    private readonly DevicePlan _devicePlan;
    private readonly DeviceRotary _rotary;
    private readonly CudaStream _stream;
    private readonly CudaEvent _start;
    private readonly CudaEvent _quantized;
    private readonly CudaEvent _end;
    private readonly CudaEvent _done;
    private readonly HostTransfer _transfer;
    private DeviceMemory? _staging;
    private CudaStream? _busy;
    private bool _disposed;

    internal CudaAttentionKernel(AttentionPlan plan, PlannedAttention planned, ICudaDevice device)
    {
        Plan = plan;
        _planned = planned;
        _device = device;
        _devicePlan = new DevicePlan(plan, planned, device);
        _rotary = new DeviceRotary(device);
        _stream = device.CreateStream();
        _start = device.CreateEvent();
        _quantized = device.CreateEvent();
        _end = device.CreateEvent();
        _done = device.CreateEvent();
        _transfer = new HostTransfer(device, _stream);
    }

    /// <inheritdoc/>
    public AttentionPlan Plan { get; }

    /// <summary>Name of the kernel that attends.</summary>
    public string KernelName => _planned.Attend.Name;

    /// <summary>Device memory that the plan holds, in bytes, without what <see cref="Run"/> adds for tensors of the host.</summary>
    public long DeviceBytes => _devicePlan.Bytes;

    /// <summary>What a run computes; times are zero.</summary>
    public AttentionStatistics Work
    {
        get
        {
            long pairs = (long)Plan.Shape.Batch * Plan.Shape.Heads;
            return new AttentionStatistics(
                Plan.Mask.KeptBlocks * (Plan.Shape.Heads / Plan.Mask.MaskHeads) * Plan.Shape.Batch,
                pairs * Plan.Mask.QueryBlocks * Plan.Mask.KeyBlocks, 0, default);
        }
    }

    internal DevicePlan DevicePlan => _devicePlan;

    internal PlannedAttention Planned => _planned;

    /// <summary>
    /// Starts attention over device memory behind the work that a stream has, and returns. Inputs and output must stay until the stream
    /// has passed; a value that is not finite is told by <see cref="MetFault"/>.
    /// </summary>
    /// <param name="call">Tensors in device memory.</param>
    /// <param name="stream">Any stream of the device's primary context.</param>
    /// <exception cref="ArgumentException">A tensor has no memory, a format that the kernels do not read, an address or strides that do not
    /// fit it, or the output overlaps itself; the message names tensor, value and remedy.</exception>
    public void Enqueue(CudaAttentionCall call, CudaStream stream = default)
    {
        ArgumentNullException.ThrowIfNull(call);
        ObjectDisposedException.ThrowIf(_disposed, this);
        call.RequireFits(Plan);
        Follow(stream);
        _devicePlan.Quantize(call, _rotary.Get(call.Rotary), stream);
        _devicePlan.Attend(call, stream);
        _device.Record(_done, stream);
    }

    /// <summary>Starts the passes before attention alone, as <see cref="Enqueue"/> does; for taking their time.</summary>
    internal void EnqueueQuantization(CudaAttentionCall call, CudaStream stream) =>
        _devicePlan.Quantize(call, _rotary.Get(call.Rotary), stream);

    /// <summary>Starts attention alone, over what the passes before it left; for taking its time.</summary>
    internal void EnqueueAttention(CudaAttentionCall call, CudaStream stream) => _devicePlan.Attend(call, stream);

    /// <summary>Whether the last run met a NaN or an infinity in Q, K or V; waits for it. Its output is then undefined.</summary>
    public bool MetFault(CudaStream stream = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _devicePlan.MetFault(stream);
    }

    /// <inheritdoc/>
    /// <remarks>Times are those of the device; sending and receiving are in none of them.</remarks>
    public AttentionStatistics Run(
        in AttentionInputs inputs, TensorSpan<float> output, Span<float> logSumExp = default, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Plan.RequireFits(inputs, output, logSumExp);
        fixed (byte* query = inputs.Query)
        fixed (byte* key = inputs.Key)
        fixed (byte* value = inputs.Value)
        fixed (float* destination = &output.GetPinnableReference())
        fixed (float* sums = logSumExp)
        {
            AttentionShape shape = Plan.Shape;
            HostTensor hostOutput = new(
                (byte*)destination, sizeof(float), (shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDim),
                (output.Strides[0], output.Strides[1], output.Strides[2]));
            if (RunPinned(
                HostTensorOf(query, inputs.Query), inputs.Query.Format, HostTensorOf(key, inputs.Key), inputs.Key.Format,
                HostTensorOf(value, inputs.Value), inputs.Value.Format, hostOutput, sums, logSumExp.Length, inputs.Rotary,
                cancellationToken) is { } statistics)
            {
                return statistics;
            }
        }

        NonFiniteElement.Throw(inputs, Plan);
        return default;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _transfer.Dispose();
        _staging?.Dispose();
        _rotary.Dispose();
        _devicePlan.Dispose();
        foreach (CudaEvent mark in (ReadOnlySpan<CudaEvent>)[_start, _quantized, _end, _done])
        {
            GiveBack(static (device, handle) => device.DestroyEvent(new CudaEvent(handle)), mark.Handle);
        }

        GiveBack(static (device, handle) => device.DestroyStream(new CudaStream(handle)), _stream.Handle);
    }

    private static HostTensor HostTensorOf(byte* first, in InputTensor tensor)
    {
        int bytes = tensor.ElementBytes;
        return new HostTensor(
            first, bytes, (tensor.Batch, tensor.Heads, tensor.Tokens, tensor.Channels),
            (tensor.StrideBytes(0) / bytes, tensor.StrideBytes(1) / bytes, tensor.StrideBytes(2) / bytes));
    }

    /// <summary>
    /// Gives a handle back. A kernel that failed has lost the context, which every call answers: the first error has said it.
    /// </summary>
    private void GiveBack(Action<ICudaDevice, nint> give, nint handle)
    {
        try
        {
            give(_device, handle);
        }
        catch (Exception exception) when (exception is CudaException or ObjectDisposedException)
        {
            // A context that is lost has lost its handles too, and a device that is gone has given them back.
        }
    }

    /// <summary>Lets a stream begin behind the call that the work memory belongs to.</summary>
    private void Follow(CudaStream stream)
    {
        if (_busy is { } last && last != stream)
        {
            _device.Wait(_done, stream);
        }

        _busy = stream;
    }

    /// <summary>One run; null when an input holds a value that is not finite.</summary>
    private AttentionStatistics? RunPinned(
        in HostTensor query, NumberFormat queryFormat, in HostTensor key, NumberFormat keyFormat, in HostTensor value,
        NumberFormat valueFormat, in HostTensor output, float* sums, int sumCount, RotaryEmbedding? rotary,
        CancellationToken cancellationToken)
    {
        AttentionShape shape = Plan.Shape;
        ArenaLayout layout = new();
        ArenaSlice querySlice = layout.Add(query.Bytes);
        ArenaSlice keySlice = layout.Add(key.Bytes);
        ArenaSlice valueSlice = layout.Add(value.Bytes);
        ArenaSlice outputSlice = layout.Add(output.Bytes);
        ArenaSlice sumSlice = layout.Add(sizeof(float) * (long)sumCount);
        Reserve(layout.Bytes);
        CudaAttentionCall call = new()
        {
            Query = HostTransfer.Describe(query, querySlice.In(_staging), queryFormat, (shape.Heads, shape.QueryLength, shape.HeadDim)),
            Key = HostTransfer.Describe(key, keySlice.In(_staging), keyFormat, (shape.Heads, shape.KeyLength, shape.HeadDim)),
            Value = HostTransfer.Describe(value, valueSlice.In(_staging), valueFormat, (shape.Heads, shape.KeyLength, shape.HeadDim)),
            Output = HostTransfer.Describe(
                output, outputSlice.In(_staging), NumberFormat.Float32, (shape.Heads, shape.QueryLength, shape.HeadDim)),
            LogSumExp = sumCount == 0 ? DevicePointer.Null : sumSlice.In(_staging),
            Rotary = rotary,
        };
        _transfer.Send(query, call.Query.Pointer);
        _transfer.Send(key, call.Key.Pointer);
        cancellationToken.ThrowIfCancellationRequested();
        _transfer.Send(value, call.Value.Pointer);
        RotaryAddresses turned = _rotary.Get(rotary);
        cancellationToken.ThrowIfCancellationRequested();
        Follow(_stream);
        _device.Record(_start, _stream);
        _devicePlan.Quantize(call, turned, _stream);
        _device.Record(_quantized, _stream);
        _devicePlan.Attend(call, _stream);
        _device.Record(_end, _stream);
        bool fault = _devicePlan.MetFault(_stream);
        // That waited for everything.
        _busy = null;
        if (fault)
        {
            return null;
        }

        cancellationToken.ThrowIfCancellationRequested();
        _transfer.Receive(output, call.Output.Pointer);
        if (sumCount > 0)
        {
            _device.CopyToHost(sums, call.LogSumExp, sizeof(float) * (long)sumCount, _stream);
        }

        return Work with
        {
            Stages = new StageTimes(TimeSpan.Zero, TimeSpan.Zero, _device.Elapsed(_start, _quantized), _device.Elapsed(_quantized, _end)),
        };
    }

    [MemberNotNull(nameof(_staging))]
    private void Reserve(long bytes)
    {
        if (_staging is null || _staging.Bytes < bytes)
        {
            _staging?.Dispose();
            _staging = null;
            _staging = DeviceMemory.Allocate(_device, bytes);
        }
    }
}
