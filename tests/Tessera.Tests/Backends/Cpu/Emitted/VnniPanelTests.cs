using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Versioning;
using Iced.Intel;
using Tessera.Backends.Cpu.Emitted;
using Tessera.Backends.Cpu.Isa;
using Tessera.Backends.Cpu.Kernels;
using Tessera.TestKit;
using Xunit;

namespace Tessera.Tests.Backends.Cpu.Emitted;

/// <summary>The emitted byte product against the loop in C#, bit for bit, and its code against the calling conventions.</summary>
public sealed unsafe class VnniPanelTests
{
    private static readonly Register[] Preserved =
    [
        Register.RBX, Register.RBP, Register.RSI, Register.RDI, Register.R12, Register.R13, Register.R14, Register.R15,
    ];

    public static TheoryData<int, bool> Functions()
    {
        TheoryData<int, bool> functions = [];
        foreach (PanelKind kind in Enum.GetValues<PanelKind>())
        {
            functions.Add((int)kind, false);
            functions.Add((int)kind, true);
        }

        return functions;
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void CodeKeepsTheCallingConventions(int kind, bool isWindows)
    {
        Instruction[] code = [.. MachineCode.Decode(VnniPanel.Emit((PanelKind)kind, isWindows))];
        Assert.DoesNotContain(code, static instruction => instruction.IsInvalid);
        Register[] pushed = [.. code.Where(static instruction => instruction.Mnemonic == Mnemonic.Push).Select(static i => i.Op0Register)];
        Register[] popped = [.. code.Where(static instruction => instruction.Mnemonic == Mnemonic.Pop).Select(static i => i.Op0Register)];
        Assert.Equal(pushed.Reverse(), popped);
        Assert.Equal(Preserved.Order(), pushed.Order());
        Assert.Equal(Mnemonic.Ret, code[^1].Mnemonic);
        Assert.Equal(Mnemonic.Vzeroupper, code[^(Preserved.Length + 2)].Mnemonic);

        InstructionInfoFactory information = new();
        foreach (Instruction instruction in code)
        {
            foreach (UsedRegister used in information.GetInfo(instruction).GetUsedRegisters())
            {
                Assert.False(
                    used.Register.IsZMM() && used.Register.GetNumber() is >= 6 and < 16 && instruction.Mnemonic != Mnemonic.Vzeroupper,
                    $"{MachineCode.Text(instruction)} uses a register that Windows wants back.");
            }
        }

        int[] starts = [.. code.Select(static instruction => (int)instruction.IP)];
        Assert.All(
            code.Where(static instruction => instruction.IsJccShortOrNear || instruction.IsJmpShortOrNear),
            jump => Assert.Contains((int)jump.NearBranchTarget, starts));
    }

    [Fact]
    public void EveryStepIsTwoLoadsEightBroadcastsAndSixteenDotProducts()
    {
        Instruction[] code = [.. MachineCode.Decode(VnniPanel.Emit(PanelKind.FirstScores, isWindows: false))];
        Assert.Equal(2 * (8 + 4 + 2), code.Count(static instruction => instruction.Mnemonic == Mnemonic.Vpdpbusd));
        Assert.Equal(8 + 4 + 2, code.Count(static instruction => instruction.Mnemonic == Mnemonic.Vpbroadcastd));
    }

    [EmittedVnniFact]
    [UnsupportedOSPlatform("windows")]
    public void ScoresEqualTheLoopInEveryBit()
    {
        Random random = new(5);
        for (int rows = 1; rows <= 19; rows++)
        {
            foreach (int steps in (int[])[1, 2, 16, 20, 32, 64])
            {
                foreach (bool isFirst in (bool[])[true, false])
                {
                    Case made = new(random, rows, steps, segments: 1);
                    RequireEqualBits<ScoreTarget>(made, isFirst);
                }
            }
        }
    }

    [EmittedVnniFact]
    [UnsupportedOSPlatform("windows")]
    public void OutputEqualsTheLoopInEveryBit()
    {
        Random random = new(6);
        for (int rows = 1; rows <= 19; rows++)
        {
            foreach (int segments in (int[])[0, 1, 3])
            {
                Case made = new(random, rows, steps: 1 + random.Next(20), segments);
                RequireEqualBits<OutputTarget>(made, isFirst: false);
            }
        }
    }

    [UnsupportedOSPlatform("windows")]
    private static void RequireEqualBits<TTarget>(Case made, bool isFirst)
        where TTarget : struct, ITileTarget
    {
        float[] wanted = made.Run(new TileProducts<Isa512, Vector512<float>, WideProduct<Isa512, Vector512<float>>, TTarget>(""), isFirst);
        float[] got = made.Run(new EmittedTileProducts<TTarget>(""), isFirst);
        Assert.Equal(MemoryMarshal.Cast<float, int>(wanted), MemoryMarshal.Cast<float, int>(got));
    }

    /// <summary>Random operands with the extreme codes among them; every buffer ends at a page that must not be touched.</summary>
    [UnsupportedOSPlatform("windows")]
    private sealed class Case(Random random, int rows, int steps, int segments)
    {
        private const int Width = 32;

        private readonly int _evenRows = (rows + 1) / 2 * 2;
        private readonly int _stride = (Math.Max(1, segments) * steps) + 3;
        private readonly byte[] _a = Bytes(random, 4 * ((rows + 1) / 2 * 2) * ((Math.Max(1, segments) * steps) + 3));
        private readonly byte[] _b = Bytes(random, 4 * Math.Max(1, segments) * steps * Width);
        private readonly float[] _c = Floats(random, (rows + 1) / 2 * 2 * (Width + 5));
        private readonly float[] _scales = Floats(random, Math.Max(1, segments) * (Width + 64));
        private readonly float[] _maxima = Floats(random, (rows + 1) / 2 * 2 * 16);
        private readonly int[] _corrections = [.. Enumerable.Range(0, Width).Select(_ => random.Next(-1 << 20, 1 << 20))];

        /// <summary>C and, behind it, the maxima.</summary>
        public float[] Run(TileProducts products, bool isFirst)
        {
            using Buffer<byte> a = new(_a);
            using Buffer<byte> b = new(_b);
            using Buffer<float> c = new(_c);
            using Buffer<float> scales = new(_scales);
            using Buffer<float> maxima = new(_maxima);
            using Buffer<int> corrections = new(_corrections);
            TileSegment* list = stackalloc TileSegment[Math.Max(1, segments)];
            for (int i = 0; i < segments; i++)
            {
                list[i] = new TileSegment
                {
                    B = (float*)b.First + (i * steps * Width),
                    Column = i * steps,
                    Steps = steps,
                    ColumnScales = scales.First + (i * (Width + 64)),
                    RowFactors = scales.First + (i * (Width + 64)) + Width,
                };
            }

            ScoreColumns columns = new()
            {
                Corrections = (float*)corrections.First,
                Scales = scales.First,
                Maxima = maxima.First,
                MaximaStride = 16,
                IsFirst = isFirst,
            };
            products.Panel(list, segments, (float*)a.First, _stride, rows, c.First, Width + 5, &columns);
            Assert.Equal(_evenRows * (Width + 5), c.Span.Length);
            return [.. c.Span, .. maxima.Span];
        }

        private static byte[] Bytes(Random random, int count)
        {
            byte[] bytes = new byte[count];
            random.NextBytes(bytes);
            for (int i = 0; i < count; i += 7)
            {
                bytes[i] = (byte)(i % 2 == 0 ? 255 : 129);
            }

            return bytes;
        }

        private static float[] Floats(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (2 * random.NextSingle()) - 1)];
    }

    [UnsupportedOSPlatform("windows")]
    private sealed class Buffer<T> : IDisposable
        where T : unmanaged
    {
        private readonly GuardedMemory<T> _memory;

        public Buffer(T[] values)
        {
            _memory = new GuardedMemory<T>(values.Length);
            values.CopyTo(_memory.Span);
        }

        public Span<T> Span => _memory.Span;

        public T* First => (T*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetReference(_memory.Span));

        public void Dispose() => _memory.Dispose();
    }
}
