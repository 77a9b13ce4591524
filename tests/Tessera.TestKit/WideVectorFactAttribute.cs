using System.Runtime.Intrinsics;
using Xunit;

namespace Tessera.TestKit;

/// <summary>A fact over billions of products: skipped with the reason where vectors of 256 bits are not accelerated; smaller tests cover the same code there.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class WideVectorFactAttribute : FactAttribute
{
    public WideVectorFactAttribute()
    {
        if (!Vector256.IsHardwareAccelerated)
        {
            Skip = "Takes minutes without 256-bit vectors; tests on small grids check the same there.";
        }
    }
}
