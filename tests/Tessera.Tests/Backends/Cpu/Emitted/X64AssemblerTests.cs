using Iced.Intel;
using Tessera.Backends.Cpu.Emitted;
using Xunit;
using MemoryOperand = Tessera.Backends.Cpu.Emitted.MemoryOperand;

namespace Tessera.Tests.Backends.Cpu.Emitted;

/// <summary>Every encoding is read back by an independent decoder.</summary>
public sealed class X64AssemblerTests
{
    private static readonly GeneralRegister[] All = Enum.GetValues<GeneralRegister>();

    /// <summary>Displacements on both sides of every boundary between encodings: none, one byte, one byte in units of 4 and 64, four bytes.</summary>
    private static readonly int[] Displacements = [0, 1, 4, 64, 127, 128, 508, 512, 8128, 8192, -1, -64, -128, -8192, -8256, 100_000];

    [Fact]
    public void GeneralInstructionsDecodeForEveryRegister()
    {
        foreach (GeneralRegister left in All)
        {
            Expect($"push {Name(left)}", assembler => assembler.Push(left));
            Expect($"pop {Name(left)}", assembler => assembler.Pop(left));
            Expect($"add {Name(left)},-128", assembler => assembler.Add(left, -128));
            Expect($"sub {Name(left)},1", assembler => assembler.Subtract(left, 1));
            Expect($"cmp {Name(left)},8", assembler => assembler.Compare(left, 8));
            foreach (GeneralRegister right in All)
            {
                Expect($"mov {Name(left)},{Name(right)}", assembler => assembler.Move(left, right));
            }
        }

        Expect("ret", static assembler => assembler.Return());
        Expect("vzeroupper", static assembler => assembler.ZeroUpper());
    }

    [Fact]
    public void MemoryOperandsDecodeForEveryBaseIndexScaleAndDisplacement()
    {
        foreach (MemoryOperand operand in Operands())
        {
            string text = Name(operand);
            Expect($"mov r9,qword ptr [{text}]", assembler => assembler.Load(GeneralRegister.R9, operand));
            Expect($"movsxd rbx,dword ptr [{text}]", assembler => assembler.LoadInt32(GeneralRegister.Rbx, operand));
            Expect($"lea r15,[{text}]", assembler => assembler.LoadAddress(GeneralRegister.R15, operand));
            Expect($"add rax,qword ptr [{text}]", assembler => assembler.Add(GeneralRegister.Rax, operand));
            Expect($"add qword ptr [{text}],512", assembler => assembler.AddTo(operand, 512));
            Expect($"vmovups zmm17,zmmword ptr [{text}]", assembler => assembler.VectorLoad(17, operand));
            Expect($"vmovups zmmword ptr [{text}],zmm30", assembler => assembler.VectorStore(operand, 30));
            Expect($"vmaxps zmm31,zmm8,zmmword ptr [{text}]", assembler => assembler.VectorMaximum(31, 8, operand));
            Expect($"vaddps zmm24,zmm7,zmmword ptr [{text}]", assembler => assembler.VectorAdd(24, 7, operand));
            Expect($"vcvtne2ps2bf16 zmm4,zmm19,zmmword ptr [{text}]", assembler => assembler.VectorToBFloat16(4, 19, operand));
            Expect($"vpbroadcastd zmm2,dword ptr [{text}]", assembler => assembler.VectorBroadcast(2, operand));
            Expect($"vfmadd213ps zmm21,zmm9,zmmword ptr [{text}]", assembler => assembler.VectorMultiplyAdd(21, 9, operand));
        }
    }

    [Fact]
    public void VectorInstructionsDecodeForEveryRegister()
    {
        for (int first = 0; first < 32; first++)
        {
            int a = first;
            for (int second = 0; second < 32; second += 1)
            {
                int b = second;
                int c = (first * 7 + second * 3 + 5) % 32;
                Expect($"vpdpbusd zmm{a},zmm{b},zmm{c}", assembler => assembler.VectorDotBytes(a, b, c));
                Expect($"vdpbf16ps zmm{a},zmm{b},zmm{c}", assembler => assembler.VectorDotBFloat16(a, b, c));
                Expect($"vmulps zmm{a},zmm{b},zmm{c}", assembler => assembler.VectorMultiply(a, b, c));
                Expect($"vmaxps zmm{a},zmm{b},zmm{c}", assembler => assembler.VectorMaximum(a, b, c));
                Expect($"vmovaps zmm{a},zmm{b}", assembler => assembler.VectorMove(a, b));
                Expect($"vcvtdq2ps zmm{a},zmm{b}", assembler => assembler.VectorInt32ToFloat(a, b));
            }

            Expect($"vpxord zmm{a},zmm{a},zmm{a}", assembler => assembler.VectorZero(a));
        }
    }

    [Fact]
    public void JumpsLandWhereTheyShould()
    {
        X64Assembler assembler = new();
        int start = assembler.Position;
        int over = assembler.JumpForwardIfLess();
        int past = assembler.JumpForwardIfLessOrEqual();
        assembler.JumpIfNotZero(start);
        int middle = assembler.Position;
        assembler.Land(over);
        assembler.Jump(start);
        assembler.Land(past);
        int end = assembler.Position;
        assembler.Return();
        Instruction[] decoded = [.. MachineCode.Decode(assembler.Code)];
        Assert.Equal(
            [(Mnemonic.Jl, middle), (Mnemonic.Jle, end), (Mnemonic.Jne, start), (Mnemonic.Jmp, start)],
            decoded.Take(4).Select(static jump => (jump.Mnemonic, (int)jump.NearBranchTarget)));
    }

    private static IEnumerable<MemoryOperand> Operands()
    {
        foreach (GeneralRegister start in All)
        {
            foreach (int displacement in Displacements)
            {
                yield return new(start, displacement);
            }

            foreach (GeneralRegister index in All.Where(static register => register != GeneralRegister.Rsp))
            {
                foreach (int scale in (int[])[1, 2, 4, 8])
                {
                    yield return new(start, 64 * scale, index, scale);
                    yield return new(start, 0, index, scale);
                }
            }
        }
    }

    private static void Expect(string text, Action<X64Assembler> write)
    {
        X64Assembler assembler = new();
        write(assembler);
        Instruction instruction = Assert.Single(MachineCode.Decode(assembler.Code));
        Assert.Equal(text, MachineCode.Text(instruction));
    }

    private static string Name(GeneralRegister register) => register.ToString().ToLowerInvariant();

    private static string Name(MemoryOperand operand)
    {
        string text = Name(operand.Base);
        text += operand.Index is { } index ? $"+{Name(index)}{(operand.Scale > 1 ? $"*{operand.Scale}" : "")}" : "";
        return operand.Displacement switch
        {
            0 => text,
            > 0 => $"{text}+{operand.Displacement}",
            _ => $"{text}{operand.Displacement}",
        };
    }
}
