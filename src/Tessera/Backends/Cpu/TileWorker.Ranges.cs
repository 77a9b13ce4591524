using Tessera.Backends.Cpu.Packing;

namespace Tessera.Backends.Cpu;

/// <summary>Tiles whose keys come in ranges: what a tile leaves behind after one and takes up again before the next.</summary>
internal sealed unsafe partial class TileWorker
{
    private void Start(TileTask task)
    {
        new Span<float>(_output, task.Rows * _layout.OutputStride).Clear();
        new Span<float>(_tile.Reference, task.Rows).Fill(float.NegativeInfinity);
        new Span<float>(_tile.RunningMaximum, task.Rows).Fill(float.NegativeInfinity);
        new Span<float>(_tile.Sum, task.Rows).Clear();
    }

    private void Resume(in AttendContext context, in PackedHead head, TileTask task)
    {
        Start(task);
        int channels = _layout.Shape.HeadDim;
        for (int row = 0; row < task.Rows; row++)
        {
            if (_queryTokens[row] >= 0)
            {
                int slot = task.FirstSlot + row;
                _tile.Reference[row] = context.Carry.References[slot];
                _tile.RunningMaximum[row] = context.Carry.RunningMaxima[slot];
                _tile.Sum[row] = context.Carry.Sums[slot];
                new ReadOnlySpan<float>(context.Output.Row(head.Batch, head.Head, _queryTokens[row]), channels)
                    .CopyTo(new Span<float>(_output + ((nint)row * _layout.OutputStride), channels));
            }
        }
    }

    private void Suspend(in AttendContext context, in PackedHead head, TileTask task)
    {
        int channels = _layout.Shape.HeadDim;
        for (int row = 0; row < task.Rows; row++)
        {
            if (_queryTokens[row] >= 0)
            {
                int slot = task.FirstSlot + row;
                context.Carry.References[slot] = _tile.Reference[row];
                context.Carry.RunningMaxima[slot] = _tile.RunningMaximum[row];
                context.Carry.Sums[slot] = _tile.Sum[row];
                new ReadOnlySpan<float>(_output + ((nint)row * _layout.OutputStride), channels)
                    .CopyTo(new Span<float>(context.Output.Row(head.Batch, head.Head, _queryTokens[row]), channels));
            }
        }
    }
}
