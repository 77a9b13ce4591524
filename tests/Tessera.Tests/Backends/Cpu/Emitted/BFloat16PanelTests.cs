using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Iced.Intel;
using Tessera.Backends.Cpu.Emitted;
using Tessera.Numerics;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Backends.Cpu.Emitted;

/// <summary>The emitted products of bfloat16 against binary64, and their code against the calling conventions.</summary>
public sealed unsafe class BFloat16PanelTests
{
    private const int Lanes = 16;

    private static readonly Register[] Volatile =
    [
        Register.RAX, Register.RCX, Register.RDX, Register.R8, Register.R9, Register.R10, Register.R11, Register.RSP,
    ];

    public static TheoryData<int, bool, bool> Products()
    {
        TheoryData<int, bool, bool> functions = [];
        foreach (int vectors in (int[])[1, 2, 3])
        {
            foreach (bool adds in (bool[])[false, true])
            {
                functions.Add(vectors, adds, false);
                functions.Add(vectors, adds, true);
            }
        }

        return functions;
    }

    [Theory]
    [MemberData(nameof(Products))]
    public void ProductsKeepTheCallingConventions(int vectors, bool adds, bool isWindows)
    {
        Instruction[] code = [.. MachineCode.Decode(BFloat16Panel.EmitProduct(vectors, adds, isWindows))];
        RequireConventions(code);
        Assert.Equal(8 * vectors, code.Count(static one => one.Mnemonic == Mnemonic.Vdpbf16ps));
        Assert.Equal(8, code.Count(static one => one.Mnemonic == Mnemonic.Vpbroadcastd));
        Assert.Equal(adds ? 8 * vectors : 0, code.Count(static one => one.Mnemonic == Mnemonic.Vaddps));
        Assert.DoesNotContain(code, static one => Vectors(one).Any(static number => number is 6 or 7));
        if (!isWindows)
        {
            return;
        }

        // Registers 8 to 15 go out before anything else of them is used, and come back after everything.
        Instruction[] touching = [.. code.Where(static one => Vectors(one).Any(static number => number is >= 8 and < 16))];
        Instruction[] saved = [.. touching.Take(8)];
        Instruction[] restored = [.. touching.TakeLast(8)];
        for (int i = 0; i < 8; i++)
        {
            Assert.Equal(Register.ZMM8 + i, saved[i].Op1Register);
            Assert.Equal(Register.RDI, saved[i].MemoryBase);
            Assert.Equal(Register.ZMM8 + i, restored[i].Op0Register);
            Assert.Equal((Register.RDI, saved[i].MemoryDisplacement64), (restored[i].MemoryBase, restored[i].MemoryDisplacement64));
            int place = (int)saved[i].MemoryDisplacement64 - (int)Marshal.OffsetOf<BFloat16Arguments>(nameof(BFloat16Arguments.Preserved));
            Assert.Equal(64 * i, place);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheRoundingKeepsTheCallingConventions(bool isWindows)
    {
        Instruction[] code = [.. MachineCode.Decode(BFloat16Panel.EmitRounding(isWindows))];
        RequireConventions(code);
        Assert.Single(code, static one => one.Mnemonic == Mnemonic.Vcvtne2ps2bf16);
        Assert.DoesNotContain(code, static one => Vectors(one).Any(static number => number is >= 6 and < 16));
    }

    [EmittedBFloat16Fact]
    [UnsupportedOSPlatform("windows")]
    public void ProductsAreWithinTheRoundingOfTheirSums()
    {
        Random random = new(7);
        foreach (int vectors in (int[])[1, 2, 3])
        {
            foreach (int steps in (int[])[1, 2, 17, 100])
            {
                int width = vectors * Lanes;
                int aStride = steps + 3;
                int cStride = width + 5;
                using GuardedMemory<uint> a = new((7 * aStride) + steps);
                using GuardedMemory<uint> b = new(steps * width);
                using GuardedMemory<float> c = new((7 * cStride) + width);
                Fill(random, a.Span);
                Fill(random, b.Span);
                foreach (bool adds in (bool[])[false, true])
                {
                    c.Span.Fill(adds ? 0.25f : float.NaN);
                    BFloat16Arguments arguments;
                    arguments.A = (float*)First(a.Span);
                    arguments.AStride = aStride * sizeof(float);
                    arguments.B = (float*)First(b.Span);
                    arguments.Steps = steps;
                    arguments.C = (float*)First(c.Span);
                    arguments.CStride = cStride * sizeof(float);
                    EmittedBFloat16.Multiply(vectors, adds, &arguments);
                    Require(a.Span, aStride, b.Span, width, steps, c.Span, cStride, adds);
                }
            }
        }
    }

    [EmittedBFloat16Fact]
    [UnsupportedOSPlatform("windows")]
    public void RoundingIsToNearestEvenAndFlushesDenormals()
    {
        Random random = new(8);
        using GuardedMemory<float> source = new(32 * 64);
        using GuardedMemory<ushort> target = new(32 * 64);
        for (int i = 0; i < source.Length; i++)
        {
            // All exponents, and every fourth exactly between two neighbours.
            int bits = random.Next(int.MinValue, int.MaxValue);
            source.Span[i] = BitConverter.Int32BitsToSingle(i % 4 == 0 ? (bits & unchecked((int)0xFFFF_0000)) | 0x8000 : bits);
        }

        (source.Span[0], source.Span[17]) = (float.NaN, float.PositiveInfinity);
        (source.Span[31], source.Span[33]) = (float.MaxValue, -0f);
        EmittedBFloat16.Round((float*)First(source.Span), (ushort*)First(target.Span), 64);
        for (int i = 0; i < source.Length; i++)
        {
            float value = source.Span[i];
            float got = BitConverter.UInt32BitsToSingle((uint)target.Span[i] << 16);
            float wanted = float.IsSubnormal(value) ? 0 : (float)(BFloat16)value;
            Assert.True(got == wanted || (float.IsNaN(got) && float.IsNaN(value)), $"{value:R} became {got:R}, not {wanted:R}.");
        }
    }

    private static void RequireConventions(Instruction[] code)
    {
        Assert.DoesNotContain(code, static instruction => instruction.IsInvalid);
        Assert.Equal((Mnemonic.Push, Register.RDI), (code[0].Mnemonic, code[0].Op0Register));
        Assert.Equal(
            [Mnemonic.Vzeroupper, Mnemonic.Pop, Mnemonic.Ret], code.TakeLast(3).Select(static instruction => instruction.Mnemonic));
        Assert.Equal(Register.RDI, code[^2].Op0Register);
        InstructionInfoFactory information = new();
        foreach (Instruction instruction in code)
        {
            foreach (UsedRegister used in information.GetInfo(instruction).GetUsedRegisters())
            {
                Assert.True(
                    !used.Register.IsGPR() || used.Register == Register.RDI || Volatile.Contains(used.Register.GetFullRegister()),
                    $"{MachineCode.Text(instruction)} uses a register that its caller wants back.");
            }
        }

        int[] starts = [.. code.Select(static instruction => (int)instruction.IP)];
        Assert.All(
            code.Where(static instruction => instruction.IsJccShortOrNear || instruction.IsJmpShortOrNear),
            jump => Assert.Contains((int)jump.NearBranchTarget, starts));
    }

    private static IEnumerable<int> Vectors(Instruction instruction)
    {
        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) == OpKind.Register && instruction.GetOpRegister(i).IsZMM())
            {
                yield return instruction.GetOpRegister(i).GetNumber();
            }
        }
    }

    private static void Require(
        ReadOnlySpan<uint> a, int aStride, ReadOnlySpan<uint> b, int width, int steps, ReadOnlySpan<float> c, int cStride, bool adds)
    {
        for (int i = 0; i < c.Length; i++)
        {
            (int row, int column) = (i / cStride, i % cStride);
            if (column >= width)
            {
                Assert.Equal(adds ? 0.25f : float.NaN, c[i]);
                continue;
            }

            (double sum, double magnitude) = adds ? (0.25, 0.25) : (0, 0);
            for (int k = 0; k < steps; k++)
            {
                (uint left, uint right) = (a[(row * aStride) + k], b[(k * width) + column]);
                double low = (double)Number(left << 16) * Number(right << 16);
                double high = (double)Number(left & 0xFFFF_0000) * Number(right & 0xFFFF_0000);
                sum += low + high;
                magnitude += Math.Abs(low) + Math.Abs(high);
            }

            double unit = ((2 * steps) + 1) * Math.Pow(2, -24);
            Assert.InRange(Math.Abs(c[i] - sum), 0, unit / (1 - unit) * magnitude);
        }
    }

    private static float Number(uint bits) => BitConverter.UInt32BitsToSingle(bits);

    private static void Fill(Random random, Span<uint> pairs)
    {
        foreach (ref uint pair in pairs)
        {
            pair = Bits(random) | (Bits(random) << 16);
        }
    }

    private static uint Bits(Random random) => BitConverter.SingleToUInt32Bits((2 * random.NextSingle()) - 1) >> 16;

    private static void* First<T>(Span<T> span) => Unsafe.AsPointer(ref MemoryMarshal.GetReference(span));
}
