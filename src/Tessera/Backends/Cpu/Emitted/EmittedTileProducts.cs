using Tessera.Backends.Cpu.Isa;
using Tessera.Backends.Cpu.Kernels;

namespace Tessera.Backends.Cpu.Emitted;

/// <summary>The byte product of QK or PV in emitted 512-bit code; see <see cref="VnniPanel"/>.</summary>
internal sealed unsafe class EmittedTileProducts<TTarget>(string name) : TileProducts
    where TTarget : struct, ITileTarget
{
    public override int PanelWidth => 2 * Isa512.Count;

    public override bool IsInteger => true;

    public override string Name { get; } = name;

    public override void Panel(
        TileSegment* segments, int segmentCount, float* a, nint aStride, int rows, float* c, nint cStride, ScoreColumns* columns)
    {
        if (segmentCount == 0)
        {
            return; // Emitted loops test at their end.
        }

        PanelArguments arguments = new()
        {
            Segments = segments,
            SegmentCount = segmentCount,
            A = a,
            AStride = aStride * sizeof(float),
            Rows = rows,
            C = c,
            CStride = cStride * sizeof(float),
        };
        if (TTarget.IsOutput)
        {
            EmittedVnni.Output(&arguments);
            return;
        }

        arguments.Corrections = columns->Corrections;
        arguments.Scales = columns->Scales;
        arguments.Maxima = columns->Maxima;
        if (columns->IsFirst)
        {
            EmittedVnni.FirstScores(&arguments);
        }
        else
        {
            EmittedVnni.LaterScores(&arguments);
        }
    }
}
