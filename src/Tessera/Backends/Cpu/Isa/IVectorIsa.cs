namespace Tessera.Backends.Cpu.Isa;

/// <summary>
/// One vector width. Every kernel is written once over this facade and specialised by the JIT for <see cref="Isa512"/>,
/// <see cref="Isa256"/> and <see cref="Isa128"/>; static abstract members cost nothing after specialisation.
/// </summary>
/// <remarks>
/// A vector is a register of 32-bit lanes. Members named after Int32, Shorts or Bytes read the same register as integers, so that a kernel
/// needs one type parameter for the register instead of one per element type. Unless noted, a member is one instruction.
/// </remarks>
/// <typeparam name="TVector">The register: <c>Vector512&lt;float&gt;</c> and its halves.</typeparam>
internal unsafe interface IVectorIsa<TVector>
    where TVector : unmanaged
{
    /// <summary>32-bit lanes of a register.</summary>
    static abstract int Count { get; }

    /// <summary>Architectural registers that the instructions of this width can name: 32 or 16.</summary>
    static abstract int Registers { get; }

    /// <summary>All bits clear: 0 as float and as integer.</summary>
    static abstract TVector Zero { get; }

    static abstract TVector Load(float* source);

    static abstract void Store(float* destination, TVector value);

    /// <summary>Count 16-bit integers, extended by zeros to 32-bit lanes.</summary>
    static abstract TVector LoadShorts(ushort* source);

    /// <summary>Lanes 2j and 2j + 1 changed for each other.</summary>
    static abstract TVector SwapNeighbours(TVector value);

    static abstract TVector Broadcast(float value);

    /// <summary>Repeats the 32 bits at <paramref name="source"/>, whatever they mean.</summary>
    static abstract TVector BroadcastFrom(float* source);

    static abstract TVector Add(TVector left, TVector right);

    static abstract TVector Subtract(TVector left, TVector right);

    static abstract TVector Multiply(TVector left, TVector right);

    static abstract TVector Divide(TVector left, TVector right);

    /// <summary>left * right + addend, fused where the width has it.</summary>
    static abstract TVector MultiplyAdd(TVector left, TVector right, TVector addend);

    /// <summary>The larger lane; undefined which one when a lane is NaN (inputs are checked to be finite before they get here).</summary>
    static abstract TVector Max(TVector left, TVector right);

    static abstract TVector Min(TVector left, TVector right);

    /// <summary>Rounds towards zero to an integral float; |value| must be below 2^31.</summary>
    static abstract TVector Truncate(TVector value);

    /// <summary>Lanes of <paramref name="chosen"/> where left &lt; right, of <paramref name="otherwise"/> elsewhere.</summary>
    static abstract TVector SelectLess(TVector left, TVector right, TVector chosen, TVector otherwise);

    /// <summary>Sum of the lanes in a fixed order. A few instructions.</summary>
    static abstract float Sum(TVector value);

    /// <summary>Largest lane. A few instructions.</summary>
    static abstract float MaxAcross(TVector value);

    static abstract TVector BroadcastInt32(int value);

    static abstract TVector AddInt32(TVector left, TVector right);

    static abstract TVector SubtractInt32(TVector left, TVector right);

    static abstract TVector MaxInt32(TVector left, TVector right);

    /// <summary>Largest signed 32-bit lane. A few instructions.</summary>
    static abstract int MaxAcrossInt32(TVector value);

    /// <summary>Sum of the 32-bit lanes, modulo 2^32. A few instructions.</summary>
    static abstract int SumInt32(TVector value);

    static abstract TVector And(TVector left, TVector right);

    static abstract TVector Or(TVector left, TVector right);

    static abstract TVector ShiftLeftInt32(TVector value, byte count);

    static abstract TVector ShiftRightLogicalInt32(TVector value, byte count);

    /// <summary>Signed 32-bit integers to floats, rounded to nearest.</summary>
    static abstract TVector ToFloat(TVector integers);

    /// <summary>Writes the lowest byte of each 32-bit lane: Count bytes.</summary>
    static abstract void StoreLowBytes(byte* destination, TVector value);

    /// <summary>
    /// u8 times s8, adjacent products added to 16 bits with saturation (vpmaddubsw). Callers keep pair sums within 16 bits.
    /// </summary>
    static abstract TVector MultiplyAddBytes(TVector unsignedBytes, TVector signedBytes);

    /// <summary>s16 times s16, adjacent products added to 32 bits (vpmaddwd).</summary>
    static abstract TVector MultiplyAddShorts(TVector left, TVector right);

    static abstract TVector AddShorts(TVector left, TVector right);

    static abstract TVector ShiftLeftShorts(TVector value, byte count);

    static abstract TVector ShiftRightShorts(TVector value, byte count);

    static abstract TVector ShiftRightLogicalShorts(TVector value, byte count);
}
