namespace Tessera.Cuda.Execution;

/// <summary>A rotary embedding on the device.</summary>
/// <param name="Positions">Address of the positions; 0 for no rotation.</param>
/// <param name="Factors">Address of the factors.</param>
/// <param name="SecondFirst">First pair of the second axis.</param>
/// <param name="ThirdFirst">First pair of the third axis.</param>
/// <param name="SecondOffset">Where the factors of the second axis begin, in pairs.</param>
/// <param name="ThirdOffset">Where the factors of the third axis begin, in pairs.</param>
internal readonly record struct RotaryAddresses(
    ulong Positions, ulong Factors, int SecondFirst, int ThirdFirst, int SecondOffset, int ThirdOffset)
{
    /// <summary>No rotation.</summary>
    public static RotaryAddresses None => default;
}
