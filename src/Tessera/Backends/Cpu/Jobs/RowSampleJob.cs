using Tessera.Attention;
using Tessera.Backends.Cpu.Kernels;

namespace Tessera.Backends.Cpu.Jobs;

/// <summary>Attention of sampled rows over strips of keys. Items: strips.</summary>
internal readonly unsafe struct RowSampleJob(
    RowSampler sampler, RowSampleLayout layout, KeyRun[][] masks, float* queries, RowSource key, RowSource value, int batch, int head,
    float* states, float* scratch) : ITileJob
{
    public void Execute(int item, int worker) =>
        sampler.AddStrip(
            layout, masks, queries, key, value, batch, head, item, states + (item * layout.StateFloats),
            scratch + (worker * layout.ScratchFloats));
}
