using System.Runtime.InteropServices;
using Tessera.Backends.Cpu.Kernels;
using static Tessera.Backends.Cpu.Emitted.GeneralRegister;

namespace Tessera.Backends.Cpu.Emitted;

/// <summary>
/// Emits the byte product of <see cref="TileProduct{TIsa, TVector, TProduct, TTarget}"/> with the 512-bit dot product (vpdpbusd zmm), which
/// processors have since Ice Lake and Zen 4 and which .NET exposes from version 11 on. Same operands, same sums, same float epilogue: the
/// result equals that of the loop in C# bit for bit.
/// <code>
/// register tile   8 x 2 registers of C in zmm16..31 (then 4 x 2 and 2 x 2), panel rows in zmm0..1, repeated A in zmm2..5
/// one step        2 loads, 8 broadcasts, 16 dot products of 64 bytes
/// ABI             void panel(PanelArguments*), System V or Windows; zmm6..15 stay untouched, which Windows asks for
/// </code>
/// </summary>
internal sealed class VnniPanel
{
    private const int MostRows = 8;
    private const int VectorBytes = 64;
    private const int FirstSum = 16;

    // General registers, by what they hold throughout a panel.
    private const GeneralRegister Arguments = Rdi;
    private const GeneralRegister A = Rsi;
    private const GeneralRegister AStride = Rdx;
    private const GeneralRegister AStride3 = Rcx;
    private const GeneralRegister C = R8;
    private const GeneralRegister CStride = R9;
    private const GeneralRegister CStride3 = R10;
    private const GeneralRegister RowsLeft = R11;
    private const GeneralRegister Segment = Rbx;
    private const GeneralRegister SegmentsLeft = Rbp;
    private const GeneralRegister B = R12;
    private const GeneralRegister FirstRows = R13;
    private const GeneralRegister LastRows = R14;
    private const GeneralRegister StepsLeft = R15;

    private static readonly GeneralRegister[] Saved = [Rbx, Rbp, Rsi, Rdi, R12, R13, R14, R15];

    private readonly X64Assembler _assembler = new();
    private readonly PanelKind _kind;

    private VnniPanel(PanelKind kind) => _kind = kind;

    /// <summary>The machine code of a panel function.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="isWindows">Whose calling convention.</param>
    public static byte[] Emit(PanelKind kind, bool isWindows)
    {
        VnniPanel panel = new(kind);
        panel.Function(isWindows ? Rcx : Rdi);
        return panel._assembler.Code.ToArray();
    }

    private static MemoryOperand Argument(string field) => new(Arguments, (int)Marshal.OffsetOf<PanelArguments>(field));

    private static MemoryOperand OfSegment(string field) => new(Segment, (int)Marshal.OffsetOf<TileSegment>(field));

    private static int Sum(int row, int half) => FirstSum + (2 * row) + half;

    /// <summary>Row <paramref name="row"/> of four from a base.</summary>
    private static MemoryOperand Row(GeneralRegister start, GeneralRegister stride, GeneralRegister stride3, int row, int displacement) =>
        row switch
        {
            0 => new(start, displacement),
            1 => new(start, displacement, stride, 1),
            2 => new(start, displacement, stride, 2),
            _ => new(start, displacement, stride3, 1),
        };

    private void Function(GeneralRegister argument)
    {
        foreach (GeneralRegister register in Saved)
        {
            _assembler.Push(register);
        }

        if (argument != Arguments)
        {
            _assembler.Move(Arguments, argument);
        }

        _assembler.Load(A, Argument(nameof(PanelArguments.A)));
        _assembler.Load(AStride, Argument(nameof(PanelArguments.AStride)));
        _assembler.LoadAddress(AStride3, new(AStride, 0, AStride, 2));
        _assembler.Load(C, Argument(nameof(PanelArguments.C)));
        _assembler.Load(CStride, Argument(nameof(PanelArguments.CStride)));
        _assembler.LoadAddress(CStride3, new(CStride, 0, CStride, 2));
        _assembler.Load(RowsLeft, Argument(nameof(PanelArguments.Rows)));
        for (int rows = MostRows; rows >= 2; rows /= 2)
        {
            Tiles(rows);
        }

        _assembler.ZeroUpper();
        for (int i = Saved.Length - 1; i >= 0; i--)
        {
            _assembler.Pop(Saved[i]);
        }

        _assembler.Return();
    }

    /// <summary>Tiles of a height while that many rows are left; the smallest also takes a single last row.</summary>
    private void Tiles(int rows)
    {
        int next = _assembler.Position;
        _assembler.Compare(RowsLeft, (sbyte)(rows == 2 ? 0 : rows));
        int end = rows == 2 ? _assembler.JumpForwardIfLessOrEqual() : _assembler.JumpForwardIfLess();
        Tile(rows);
        _assembler.LoadAddress(A, new(A, 0, AStride, rows));
        _assembler.LoadAddress(C, new(C, 0, CStride, rows));
        _assembler.Subtract(RowsLeft, (sbyte)rows);
        if (_kind == PanelKind.Output)
        {
            _assembler.AddTo(Argument(nameof(PanelArguments.FactorOffset)), sizeof(float) * rows);
        }
        else
        {
            _assembler.AddTo(Argument(nameof(PanelArguments.Maxima)), VectorBytes * rows);
        }

        _assembler.Jump(next);
        _assembler.Land(end);
    }

    private void Tile(int rows)
    {
        Start(rows);
        _assembler.Load(Segment, Argument(nameof(PanelArguments.Segments)));
        _assembler.Load(SegmentsLeft, Argument(nameof(PanelArguments.SegmentCount)));
        int segment = _assembler.Position;
        Steps(rows);
        if (_kind == PanelKind.Output)
        {
            AddSums(rows);
        }

        unsafe
        {
            _assembler.Add(Segment, (sbyte)sizeof(TileSegment));
        }

        _assembler.Subtract(SegmentsLeft, 1);
        _assembler.JumpIfNotZero(segment);
        if (_kind != PanelKind.Output)
        {
            StoreSums(rows);
        }
    }

    /// <summary>Sums start at zero, those of QK at the corrections of their keys.</summary>
    private void Start(int rows)
    {
        if (_kind != PanelKind.Output)
        {
            _assembler.Load(Rax, Argument(nameof(PanelArguments.Corrections)));
            _assembler.VectorLoad(0, new(Rax));
            _assembler.VectorLoad(1, new(Rax, VectorBytes));
        }

        for (int sum = 0; sum < 2 * rows; sum++)
        {
            if (_kind == PanelKind.Output)
            {
                _assembler.VectorZero(FirstSum + sum);
            }
            else
            {
                _assembler.VectorMove(FirstSum + sum, sum % 2);
            }
        }
    }

    private void Steps(int rows)
    {
        _assembler.Load(B, OfSegment(nameof(TileSegment.B)));
        _assembler.LoadInt32(Rax, OfSegment(nameof(TileSegment.Column)));
        _assembler.LoadAddress(FirstRows, new(A, 0, Rax, sizeof(float)));
        _assembler.LoadAddress(LastRows, new(FirstRows, 0, AStride, 4));
        _assembler.LoadInt32(StepsLeft, OfSegment(nameof(TileSegment.Steps)));
        int step = _assembler.Position;
        _assembler.VectorLoad(0, new(B));
        _assembler.VectorLoad(1, new(B, VectorBytes));
        for (int row = 0; row < rows; row++)
        {
            int repeated = 2 + (row % 4);
            _assembler.VectorBroadcast(repeated, Row(row < 4 ? FirstRows : LastRows, AStride, AStride3, row % 4, 0));
            _assembler.VectorDotBytes(Sum(row, 0), repeated, 0);
            _assembler.VectorDotBytes(Sum(row, 1), repeated, 1);
        }

        _assembler.LoadAddress(B, new(B, 2 * VectorBytes));
        _assembler.Add(FirstRows, sizeof(float));
        _assembler.Add(LastRows, sizeof(float));
        _assembler.Subtract(StepsLeft, 1);
        _assembler.JumpIfNotZero(step);
    }

    /// <summary>C += float(sums) * column scale * row factor, after each segment.</summary>
    private void AddSums(int rows)
    {
        _assembler.Load(Rax, OfSegment(nameof(TileSegment.ColumnScales)));
        _assembler.VectorLoad(0, new(Rax));
        _assembler.VectorLoad(1, new(Rax, VectorBytes));
        _assembler.Load(Rax, OfSegment(nameof(TileSegment.RowFactors)));
        _assembler.Add(Rax, Argument(nameof(PanelArguments.FactorOffset)));
        _assembler.LoadAddress(B, new(C, 0, CStride, 4));
        for (int row = 0; row < rows; row++)
        {
            int factor = 2 + (row % 4);
            _assembler.VectorBroadcast(factor, new(Rax, sizeof(float) * row));
            for (int half = 0; half < 2; half++)
            {
                MemoryOperand target = Row(row < 4 ? C : B, CStride, CStride3, row % 4, half * VectorBytes);
                int sum = Sum(row, half);
                _assembler.VectorInt32ToFloat(sum, sum);
                _assembler.VectorMultiply(sum, sum, half);
                _assembler.VectorMultiplyAdd(sum, factor, target);
                _assembler.VectorStore(target, sum);
                _assembler.VectorZero(sum);
            }
        }
    }

    /// <summary>C = float(sums) * key scale; the larger half of each row goes to its maxima.</summary>
    private void StoreSums(int rows)
    {
        _assembler.Load(Rax, Argument(nameof(PanelArguments.Scales)));
        _assembler.VectorLoad(0, new(Rax));
        _assembler.VectorLoad(1, new(Rax, VectorBytes));
        _assembler.Load(Rax, Argument(nameof(PanelArguments.Maxima)));
        _assembler.LoadAddress(B, new(C, 0, CStride, 4));
        for (int row = 0; row < rows; row++)
        {
            for (int half = 0; half < 2; half++)
            {
                int sum = Sum(row, half);
                _assembler.VectorInt32ToFloat(sum, sum);
                _assembler.VectorMultiply(sum, sum, half);
                _assembler.VectorStore(Row(row < 4 ? C : B, CStride, CStride3, row % 4, half * VectorBytes), sum);
            }

            MemoryOperand maxima = new(Rax, VectorBytes * row);
            int larger = 2 + (row % 4);
            _assembler.VectorMaximum(larger, Sum(row, 0), Sum(row, 1));
            if (_kind == PanelKind.LaterScores)
            {
                _assembler.VectorMaximum(larger, larger, maxima);
            }

            _assembler.VectorStore(maxima, larger);
        }
    }
}
