using Iced.Intel;

namespace Tessera.Tests.Backends.Cpu.Emitted;

/// <summary>Machine code read back by an independent decoder.</summary>
internal static class MachineCode
{
    public static IEnumerable<Instruction> Decode(ReadOnlySpan<byte> code)
    {
        List<Instruction> instructions = [];
        Decoder decoder = Decoder.Create(64, new ByteArrayCodeReader(code.ToArray()));
        while (decoder.IP < (ulong)code.Length)
        {
            instructions.Add(decoder.Decode());
        }

        return instructions;
    }

    public static string Text(Instruction instruction)
    {
        IntelFormatter formatter = new();
        formatter.Options.NumberBase = NumberBase.Decimal;
        formatter.Options.DigitSeparator = "";
        formatter.Options.MemorySizeOptions = MemorySizeOptions.Always;
        formatter.Options.SignedImmediateOperands = true;
        formatter.Options.RipRelativeAddresses = true;
        StringOutput output = new();
        formatter.Format(instruction, output);
        return output.ToString();
    }
}
