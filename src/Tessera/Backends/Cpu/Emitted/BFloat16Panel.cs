using System.Runtime.InteropServices;
using static Tessera.Backends.Cpu.Emitted.GeneralRegister;

namespace Tessera.Backends.Cpu.Emitted;

/// <summary>
/// Emits <c>C = A B</c> or <c>C += A B</c> of bfloat16 with binary32 sums, by the dot product of pairs (vdpbf16ps zmm), which processors
/// have since Cooper Lake and Zen 4 and which .NET 10 does not expose, and the rounding of rows to bfloat16 (vcvtne2ps2bf16).
/// <code>
/// register tile   8 x 1, 2 or 3 registers of C in zmm8..31, panel rows in zmm0..2, repeated pairs of A in zmm3..5
/// one step        up to 3 loads, 8 broadcasts, up to 24 dot products of 16 pairs
/// A, B            32-bit pairs of bfloat16, the first number in the lower half; B packed [step][lanes]
/// accumulators    from zero, one chain an element, added to C at the end; rounded to nearest even, denormals are zeros
/// ABI             void function(BFloat16Arguments*), System V or Windows, which gets zmm8..15 back
/// scalar equal    for r, c: C[r, c] (+)= sum over k of A[r, 2k + 1] B[2k + 1, c], A[r, 2k] B[2k, c]
/// </code>
/// </summary>
internal sealed class BFloat16Panel
{
    /// <summary>Rows of the tile.</summary>
    public const int Rows = 8;

    /// <summary>Registers in a row of the widest panel.</summary>
    public const int MostVectors = 3;

    /// <summary>Numbers that one step of the rounding takes.</summary>
    public const int RoundedTogether = 32;

    private const int VectorBytes = 64;
    private const int FirstPreserved = 8;
    private const int LastPreserved = 15;

    // General registers, by what they hold throughout a function.
    private const GeneralRegister Arguments = Rdi;
    private const GeneralRegister Stride = Rdx;
    private const GeneralRegister Stride3 = Rcx;
    private const GeneralRegister FirstRows = R8;
    private const GeneralRegister LastRows = R9;
    private const GeneralRegister B = R10;
    private const GeneralRegister StepsLeft = R11;

    // Volatile in System V; Windows wants them back.
    private static readonly GeneralRegister[] Saved = [Rdi];

    private readonly X64Assembler _assembler = new();
    private readonly bool _isWindows;

    private BFloat16Panel(bool isWindows) => _isWindows = isWindows;

    /// <summary>The machine code of a product of eight rows with one panel.</summary>
    /// <param name="vectors">Registers in a row of the panel, 1 to 3.</param>
    /// <param name="adds">Whether C is added to, not overwritten.</param>
    /// <param name="isWindows">Whose calling convention.</param>
    public static byte[] EmitProduct(int vectors, bool adds, bool isWindows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vectors, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(vectors, MostVectors);
        BFloat16Panel panel = new(isWindows);
        panel.Enter();
        panel.Preserve(isBefore: true);
        panel.Product(vectors, adds);
        panel.Preserve(isBefore: false);
        panel.Leave();
        return panel._assembler.Code.ToArray();
    }

    /// <summary>The machine code that rounds <see cref="BFloat16Arguments.Steps"/> times 32 numbers.</summary>
    /// <param name="isWindows">Whose calling convention.</param>
    public static byte[] EmitRounding(bool isWindows)
    {
        BFloat16Panel panel = new(isWindows);
        panel.Enter();
        panel.Rounding();
        panel.Leave();
        return panel._assembler.Code.ToArray();
    }

    private static MemoryOperand Argument(string field, int more = 0) =>
        new(Arguments, (int)Marshal.OffsetOf<BFloat16Arguments>(field) + more);

    /// <summary>A row of eight from the first and the fifth.</summary>
    private static MemoryOperand Row(int row, int displacement)
    {
        GeneralRegister start = row < 4 ? FirstRows : LastRows;
        return (row % 4) switch
        {
            0 => new(start, displacement),
            1 => new(start, displacement, Stride, 1),
            2 => new(start, displacement, Stride, 2),
            _ => new(start, displacement, Stride3, 1),
        };
    }

    private void Enter()
    {
        foreach (GeneralRegister register in Saved)
        {
            _assembler.Push(register);
        }

        if (_isWindows)
        {
            _assembler.Move(Arguments, Rcx);
        }
    }

    private void Leave()
    {
        _assembler.ZeroUpper();
        for (int i = Saved.Length - 1; i >= 0; i--)
        {
            _assembler.Pop(Saved[i]);
        }

        _assembler.Return();
    }

    private void Preserve(bool isBefore)
    {
        for (int register = FirstPreserved; _isWindows && register <= LastPreserved; register++)
        {
            MemoryOperand place = Argument(nameof(BFloat16Arguments.Preserved), (register - FirstPreserved) * VectorBytes);
            if (isBefore)
            {
                _assembler.VectorStore(place, register);
            }
            else
            {
                _assembler.VectorLoad(register, place);
            }
        }
    }

    private void Product(int vectors, bool adds)
    {
        int firstSum = 32 - (Rows * vectors);
        for (int sum = firstSum; sum < 32; sum++)
        {
            _assembler.VectorZero(sum);
        }

        RowsOf(nameof(BFloat16Arguments.A), nameof(BFloat16Arguments.AStride));
        _assembler.Load(B, Argument(nameof(BFloat16Arguments.B)));
        _assembler.Load(StepsLeft, Argument(nameof(BFloat16Arguments.Steps)));
        int step = _assembler.Position;
        for (int v = 0; v < vectors; v++)
        {
            _assembler.VectorLoad(v, new(B, v * VectorBytes));
        }

        for (int row = 0; row < Rows; row++)
        {
            int repeated = MostVectors + (row % 3);
            _assembler.VectorBroadcast(repeated, Row(row, 0));
            for (int v = 0; v < vectors; v++)
            {
                _assembler.VectorDotBFloat16(firstSum + (row * vectors) + v, repeated, v);
            }
        }

        _assembler.LoadAddress(B, new(B, vectors * VectorBytes));
        _assembler.Add(FirstRows, sizeof(float));
        _assembler.Add(LastRows, sizeof(float));
        _assembler.Subtract(StepsLeft, 1);
        _assembler.JumpIfNotZero(step);

        RowsOf(nameof(BFloat16Arguments.C), nameof(BFloat16Arguments.CStride));
        for (int row = 0; row < Rows; row++)
        {
            for (int v = 0; v < vectors; v++)
            {
                int sum = firstSum + (row * vectors) + v;
                if (adds)
                {
                    _assembler.VectorAdd(sum, sum, Row(row, v * VectorBytes));
                }

                _assembler.VectorStore(Row(row, v * VectorBytes), sum);
            }
        }
    }

    private void RowsOf(string first, string stride)
    {
        _assembler.Load(FirstRows, Argument(first));
        _assembler.Load(Stride, Argument(stride));
        _assembler.LoadAddress(Stride3, new(Stride, 0, Stride, 2));
        _assembler.LoadAddress(LastRows, new(FirstRows, 0, Stride, 4));
    }

    private void Rounding()
    {
        _assembler.Load(FirstRows, Argument(nameof(BFloat16Arguments.A)));
        _assembler.Load(B, Argument(nameof(BFloat16Arguments.B)));
        _assembler.Load(StepsLeft, Argument(nameof(BFloat16Arguments.Steps)));
        int step = _assembler.Position;
        _assembler.VectorLoad(0, new(FirstRows, VectorBytes));
        _assembler.VectorToBFloat16(1, 0, new(FirstRows));
        _assembler.VectorStore(new(B), 1);
        _assembler.LoadAddress(FirstRows, new(FirstRows, 2 * VectorBytes));
        _assembler.LoadAddress(B, new(B, VectorBytes));
        _assembler.Subtract(StepsLeft, 1);
        _assembler.JumpIfNotZero(step);
    }
}
