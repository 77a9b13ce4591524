using System.Runtime.Intrinsics;
using Xunit;

namespace Tessera.TestKit;

/// <summary>A fact over billions of products, or over other widths: skipped with the reason where vectors of 256 bits are not accelerated.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class WideVectorFactAttribute : FactAttribute
{
    private const string TooSlow = "Takes minutes without 256-bit vectors; tests on small grids check the same there.";

    public WideVectorFactAttribute()
        : this(TooSlow)
    {
    }

    /// <summary>A fact that is skipped for another reason.</summary>
    public WideVectorFactAttribute(string reason)
    {
        if (!Vector256.IsHardwareAccelerated)
        {
            Skip = reason;
        }
    }
}
