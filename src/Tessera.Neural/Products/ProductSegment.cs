using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Tessera.Neural.Products;

/// <summary>A stretch of the inner dimension of a product that lies in one piece: channels of a row, or of one tap of a kernel.</summary>
internal unsafe struct ProductSegment
{
    private const int CacheLine = 64;

    /// <summary>Packed panel, [Steps][lanes].</summary>
    public float* B;

    /// <summary>Where the stretch begins, relative to a row of A.</summary>
    public nint Offset;

    /// <summary>Length.</summary>
    public nint Steps;

    /// <summary>Memory that is wanted soon and asked for in front of the stretch, so that it comes while the product computes.</summary>
    public byte* Ahead;

    /// <summary>Its bytes; 0 for none.</summary>
    public nint AheadLength;

    /// <summary>Asks for <see cref="Ahead"/>; where processors cannot be asked, it comes when it is read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Ask()
    {
        if (Sse.IsSupported)
        {
            for (nint line = 0; line < AheadLength; line += CacheLine)
            {
                Sse.Prefetch1(Ahead + line);
            }
        }
    }
}
