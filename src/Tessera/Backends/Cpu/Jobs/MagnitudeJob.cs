using Tessera.Attention;
using Tessera.Backends.Cpu.Packing;
using Tessera.Quantization;

namespace Tessera.Backends.Cpu.Jobs;

/// <summary>Collects the magnitudes of scale groups that packing cannot see at once. Items: (pair, block of one operand).</summary>
internal readonly unsafe struct MagnitudeJob(
    AttendContext context, RowSource source, AttentionOperand operand, PackedHead[] heads, TileWorker[] workers, int blocks) : ITileJob
{
    public void Execute(int item, int worker)
    {
        ref PackedHead head = ref heads[item / blocks];
        CpuLayout layout = context.Layout;
        int block = item % blocks;
        int size = operand == AttentionOperand.Query ? layout.QueryBlock : layout.KeyBlock;
        int slots = operand == AttentionOperand.Query ? layout.QuerySlots : layout.KeySlots;
        float* mean = operand switch
        {
            AttentionOperand.Query when context.Recipe.SmoothQuery => workers[worker].MeanOfQueryBlock(context, head, block),
            AttentionOperand.Key when context.Recipe.SmoothKey => head.KeyMean,
            AttentionOperand.Value when context.Recipe.SmoothValue => head.ValueMean,
            _ => null,
        };
        context.Kernels.Packer.CollectMagnitudes(
            context.Packing, source, head, operand, block * size, Math.Min(size, slots - (block * size)), mean, workers[worker].Scratch);
    }
}
