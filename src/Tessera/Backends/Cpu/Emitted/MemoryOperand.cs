namespace Tessera.Backends.Cpu.Emitted;

/// <summary>[Base + Index * Scale + Displacement].</summary>
/// <param name="Base">Base register.</param>
/// <param name="Displacement">Bytes.</param>
/// <param name="Index">Index register, or null; RSP cannot be one.</param>
/// <param name="Scale">1, 2, 4 or 8.</param>
internal readonly record struct MemoryOperand(GeneralRegister Base, int Displacement = 0, GeneralRegister? Index = null, int Scale = 1);
