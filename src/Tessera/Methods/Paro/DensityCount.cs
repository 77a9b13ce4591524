namespace Tessera.Methods.Paro;

/// <summary>Over which blocks a density target is counted.</summary>
public enum DensityCount
{
    /// <summary>The whole map, text included: the share of blocks that a kernel computes.</summary>
    WholeMap = 0,

    /// <summary>Blocks without text only, as PAROAttention reports it; the map is denser by its text strips.</summary>
    VideoOnly,
}
