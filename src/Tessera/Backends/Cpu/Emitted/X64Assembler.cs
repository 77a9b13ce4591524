using System.Buffers.Binary;
using System.Numerics;

namespace Tessera.Backends.Cpu.Emitted;

/// <summary>
/// Writes the few x86-64 instructions that the emitted kernels are made of. 64-bit operands in the general registers, 512-bit operands in
/// the vector registers 0 to 31.
/// </summary>
/// <remarks>
/// An encoder of a dozen instructions instead of an assembler library: the library would be the first such dependency of the core and cost
/// more at start than the kernels take. The tests decode every byte it writes with such a library.
/// </remarks>
internal sealed class X64Assembler
{
    private const byte VectorBytes = 64;

    // Opcode maps and mandatory prefixes as the EVEX prefix numbers them.
    private const byte Map0F = 1;
    private const byte Map0F38 = 2;
    private const byte NoPrefix = 0;
    private const byte Prefix66 = 1;
    private const byte PrefixF3 = 2;
    private const byte PrefixF2 = 3;

    private readonly List<byte> _code = [];

    /// <summary>The code so far.</summary>
    public ReadOnlySpan<byte> Code => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_code);

    /// <summary>Where the next instruction will stand: a target of backward jumps.</summary>
    public int Position => _code.Count;

    public void Push(GeneralRegister register) => Short(0x50, register);

    public void Pop(GeneralRegister register) => Short(0x58, register);

    public void Return() => _code.Add(0xC3);

    /// <summary>Clears the upper halves of the vector registers, so that code without VEX prefixes pays nothing after us.</summary>
    public void ZeroUpper() => _code.AddRange([0xC5, 0xF8, 0x77]);

    public void Move(GeneralRegister destination, GeneralRegister source) => Wide(0x89, (int)source, destination);

    public void Load(GeneralRegister destination, MemoryOperand source) => Wide(0x8B, (int)destination, source);

    /// <summary>Reads 32 bits and extends their sign.</summary>
    public void LoadInt32(GeneralRegister destination, MemoryOperand source) => Wide(0x63, (int)destination, source);

    public void LoadAddress(GeneralRegister destination, MemoryOperand source) => Wide(0x8D, (int)destination, source);

    public void Add(GeneralRegister destination, MemoryOperand source) => Wide(0x03, (int)destination, source);

    public void Add(GeneralRegister destination, sbyte value) => WideImmediate(0, destination, value);

    public void Subtract(GeneralRegister destination, sbyte value) => WideImmediate(5, destination, value);

    public void Compare(GeneralRegister left, sbyte right) => WideImmediate(7, left, right);

    /// <summary>Adds to 64 bits of memory.</summary>
    public void AddTo(MemoryOperand destination, int value)
    {
        Wide(0x81, 0, destination);
        Immediate(value);
    }

    /// <summary>Jumps back to a position where the last comparison or subtraction did not give zero.</summary>
    public void JumpIfNotZero(int target) => Conditional(0x85, target - (Position + 6));

    public void Jump(int target)
    {
        _code.Add(0xE9);
        Immediate(target - (Position + 4));
    }

    /// <summary>Jumps forward where left was below right; answers what <see cref="Land"/> completes.</summary>
    public int JumpForwardIfLess() => Conditional(0x8C, 0);

    /// <summary>Jumps forward where left was not above right; answers what <see cref="Land"/> completes.</summary>
    public int JumpForwardIfLessOrEqual() => Conditional(0x8E, 0);

    /// <summary>Makes a forward jump end here.</summary>
    public void Land(int jump) =>
        BinaryPrimitives.WriteInt32LittleEndian(
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_code)[(jump - 4)..], Position - jump);

    /// <summary>Loads 16 lanes.</summary>
    public void VectorLoad(int destination, MemoryOperand source) => Vector(Map0F, NoPrefix, 0x10, destination, 0, source, VectorBytes);

    /// <summary>Stores 16 lanes.</summary>
    public void VectorStore(MemoryOperand destination, int source) => Vector(Map0F, NoPrefix, 0x11, source, 0, destination, VectorBytes);

    public void VectorMove(int destination, int source) => Vector(Map0F, NoPrefix, 0x28, destination, 0, source);

    /// <summary>Repeats 32 bits of memory in all lanes.</summary>
    public void VectorBroadcast(int destination, MemoryOperand source) => Vector(Map0F38, Prefix66, 0x58, destination, 0, source, 4);

    public void VectorZero(int destination) => Vector(Map0F, Prefix66, 0xEF, destination, destination, destination);

    /// <summary>Adds to each 32-bit lane the four products of unsigned and signed bytes (vpdpbusd).</summary>
    public void VectorDotBytes(int sums, int unsignedBytes, int signedBytes) =>
        Vector(Map0F38, Prefix66, 0x50, sums, unsignedBytes, signedBytes);

    /// <summary>Adds to each binary32 lane the products of two pairs of bfloat16 (vdpbf16ps).</summary>
    public void VectorDotBFloat16(int sums, int left, int right) => Vector(Map0F38, PrefixF3, 0x52, sums, left, right);

    /// <summary>Rounds 16 lanes of memory to the lower, 16 lanes of a register to the upper half of 32 bfloat16 (vcvtne2ps2bf16).</summary>
    public void VectorToBFloat16(int destination, int upper, MemoryOperand lower) =>
        Vector(Map0F38, PrefixF2, 0x72, destination, upper, lower, VectorBytes);

    public void VectorInt32ToFloat(int destination, int source) => Vector(Map0F, NoPrefix, 0x5B, destination, 0, source);

    public void VectorAdd(int destination, int left, MemoryOperand right) =>
        Vector(Map0F, NoPrefix, 0x58, destination, left, right, VectorBytes);

    public void VectorMultiply(int destination, int left, int right) => Vector(Map0F, NoPrefix, 0x59, destination, left, right);

    public void VectorMaximum(int destination, int left, int right) => Vector(Map0F, NoPrefix, 0x5F, destination, left, right);

    public void VectorMaximum(int destination, int left, MemoryOperand right) =>
        Vector(Map0F, NoPrefix, 0x5F, destination, left, right, VectorBytes);

    /// <summary>value = value * factor + addend, rounded once.</summary>
    public void VectorMultiplyAdd(int value, int factor, MemoryOperand addend) =>
        Vector(Map0F38, Prefix66, 0xA8, value, factor, addend, VectorBytes);

    private static int Low(int register) => register & 7;

    // Extension bits are stored inverted in the EVEX prefix.
    private static int Inverted(int register, int bit) => ((register >> bit) & 1) ^ 1;

    private void Short(byte opcode, GeneralRegister register)
    {
        if (register >= GeneralRegister.R8)
        {
            _code.Add(0x41);
        }

        _code.Add((byte)(opcode + Low((int)register)));
    }

    private void Wide(byte opcode, int register, GeneralRegister operand)
    {
        _code.Add((byte)(0x48 | ((register >> 3) << 2) | ((int)operand >> 3)));
        _code.Add(opcode);
        _code.Add((byte)(0xC0 | (Low(register) << 3) | Low((int)operand)));
    }

    private void Wide(byte opcode, int register, MemoryOperand operand)
    {
        int index = (int)(operand.Index ?? GeneralRegister.Rax);
        _code.Add((byte)(0x48 | ((register >> 3) << 2) | ((index >> 3) << 1) | ((int)operand.Base >> 3)));
        _code.Add(opcode);
        Memory(register, operand, 1);
    }

    private void WideImmediate(int extension, GeneralRegister register, sbyte value)
    {
        Wide(0x83, extension, register);
        _code.Add((byte)value);
    }

    private int Conditional(byte condition, int distance)
    {
        _code.Add(0x0F);
        _code.Add(condition);
        Immediate(distance);
        return Position;
    }

    private void Vector(byte map, byte prefix, byte opcode, int register, int second, int third)
    {
        EvexPrefix(map, prefix, register, second, Inverted(third, 4), Inverted(third, 3));
        _code.Add(opcode);
        _code.Add((byte)(0xC0 | (Low(register) << 3) | Low(third)));
    }

    private void Vector(byte map, byte prefix, byte opcode, int register, int second, MemoryOperand operand, int unit)
    {
        int index = (int)(operand.Index ?? GeneralRegister.Rax);
        EvexPrefix(map, prefix, register, second, Inverted(index, 3), Inverted((int)operand.Base, 3));
        _code.Add(opcode);
        Memory(register, operand, unit);
    }

    private void EvexPrefix(byte map, byte prefix, int register, int second, int extensionX, int extensionB)
    {
        _code.Add(0x62);
        _code.Add((byte)((Inverted(register, 3) << 7) | (extensionX << 6) | (extensionB << 5) | (Inverted(register, 4) << 4) | map));
        _code.Add((byte)(((~second & 15) << 3) | 4 | prefix));
        _code.Add((byte)(0x40 | (Inverted(second, 4) << 3)));
    }

    /// <summary>ModRM, SIB and displacement. One-byte displacements count units: the operand's size under EVEX, bytes otherwise.</summary>
    private void Memory(int register, MemoryOperand operand, int unit)
    {
        bool needsSib = operand.Index is not null || Low((int)operand.Base) == (int)GeneralRegister.Rsp;
        bool omitted = operand.Displacement == 0 && Low((int)operand.Base) != (int)GeneralRegister.Rbp;
        bool small = operand.Displacement % unit == 0 && operand.Displacement / unit is >= sbyte.MinValue and <= sbyte.MaxValue;
        int mode = omitted ? 0 : small ? 1 : 2;
        int last = needsSib ? (int)GeneralRegister.Rsp : Low((int)operand.Base);
        _code.Add((byte)((mode << 6) | (Low(register) << 3) | last));
        if (needsSib)
        {
            int index = operand.Index is { } chosen ? (int)chosen : (int)GeneralRegister.Rsp;
            _code.Add((byte)((BitOperations.Log2((uint)operand.Scale) << 6) | (Low(index) << 3) | Low((int)operand.Base)));
        }

        if (mode == 1)
        {
            _code.Add((byte)(operand.Displacement / unit));
        }
        else if (mode == 2)
        {
            Immediate(operand.Displacement);
        }
    }

    private void Immediate(int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        _code.AddRange(bytes);
    }
}
