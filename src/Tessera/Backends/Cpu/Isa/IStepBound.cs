namespace Tessera.Backends.Cpu.Isa;

/// <summary>How many steps of a <see cref="ShortProduct{TIsa, TVector, TSteps}"/> fit 16 bits.</summary>
internal interface IStepBound
{
    /// <summary>Steps between widenings.</summary>
    static abstract int Steps { get; }
}

/// <summary>A within 0..255: 8 steps add at most 8 * 2 * 255 * 7 = 28560.</summary>
internal readonly struct EightBitSteps : IStepBound
{
    public static int Steps => 8;
}

/// <summary>A within 0..127: 16 steps add at most 16 * 2 * 127 * 7 = 28448. A within 0..15 takes the same path.</summary>
internal readonly struct SevenBitSteps : IStepBound
{
    public static int Steps => 16;
}
