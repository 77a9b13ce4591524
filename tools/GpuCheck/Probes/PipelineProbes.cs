using System.Runtime.InteropServices;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Memory;

namespace GpuCheck.Probes;

/// <summary>
/// Everything of sm_90a at once: a producer warp feeds stages by bulk copies through barriers, a warpgroup multiplies them. What holds for
/// each instruction alone must hold together.
/// </summary>
internal static class PipelineProbes
{
    private const string Source = "sm90a_wgmma_probe.cu";
    private const int Rows = 64;
    private const int StepBytes = 128;

    // Fewer rows than the box and not a whole number of steps: what is outside of the tensor reads as zero.
    private const int Valid = 61;
    private const int Length = 600;
    private const int Stride = 608;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<InstructionProbe> All { get; } =
    [
        .. from type in new[]
           {
               ("int8", ProductType.SignedBytes, "m64n64k32.s32.s8.s8"), ("e4m3", ProductType.Float8, "m64n64k32.f32.e4m3.e4m3"),
           }
           from place in new[] { "shared", "registers" }
           select new InstructionProbe(
               $"probe_{type.Item1}_{place}", Source, 160, (4 * Rows * StepBytes) + 32, [$"wgmma.mma_async.sync.aligned.{type.Item3}"],
               () => Data(type.Item2)),
    ];

    private static ProbeData Data(ProductType type)
    {
        int steps = (Length + StepBytes - 1) / StepBytes;
        ProductTile tile = new(type, Valid, Valid, Length, new Random(29));
        byte[] bytes = new byte[2 * Valid * Stride];
        for (int row = 0; row < Valid; row++)
        {
            tile.A[row].CopyTo(bytes, row * Stride);
            tile.B[row].CopyTo(bytes, (Valid + row) * Stride);
        }

        uint[] expected = new uint[Rows * Rows];
        for (int i = 0; i < expected.Length; i++)
        {
            expected[i] = i / Rows < Valid && i % Rows < Valid ? tile.Element(i / Rows, i % Rows) : 0;
        }

        return new ProbeData(MemoryMarshal.Cast<byte, uint>(bytes).ToArray(), expected, steps)
        {
            Maps = [(input, _) => Map(input), (input, _) => Map(input + (Valid * Stride))],
            Parameters = addresses => ProbeRun.Bytes(
                new Parameters { A = addresses.Maps[0], B = addresses.Maps[1], D = addresses.Output, Steps = steps }),
        };
    }

    private static TensorMap Map(DevicePointer operand) => new(
        operand, TensorMapElement.UInt8, [Length, Valid, 1], [Stride, Stride * Valid], [StepBytes, Rows, 1], TensorMapSwizzle.Bytes128);

    /// <summary>Mirror of ProbeParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Parameters
    {
        public ulong A;
        public ulong B;
        public ulong D;
        public int Steps;
        public int Reserved;
    }
}
