using System.Runtime.CompilerServices;

namespace GpuCheck.Probes;

/// <summary>Where a box begins, innermost first; axes that a copy does not have stay 0.</summary>
[InlineArray(4)]
internal struct BoxCoordinates
{
    private int _first;
}
