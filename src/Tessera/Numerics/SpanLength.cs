using System.Runtime.CompilerServices;

namespace Tessera.Numerics;

/// <summary>The length check shared by span conversions.</summary>
internal static class SpanLength
{
    /// <summary>Throws when a destination is shorter than what it shall hold.</summary>
    public static void Require(int needed, int got, string name)
    {
        if (got < needed)
        {
            Throw(needed, got, name);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Throw(int needed, int got, string name) =>
        throw new ArgumentException($"{name} holds {got} elements; {needed} are needed.", name);
}
