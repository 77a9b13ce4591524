using System.Globalization;
using System.Runtime.InteropServices;

namespace GpuCheck.Probes;

/// <summary>Probes of wgmma: every shape and type, the first operand in shared memory and in registers, four steps along k.</summary>
internal static class WarpgroupProbes
{
    private const string Source = "sm90a_probe_wgmma.cu";
    private const int Rows = 64;
    private const int RowBytes = 128;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<InstructionProbe> All { get; } =
    [
        .. from columns in new[] { 64, 128 }
           from type in new[] { ProductType.SignedBytes, ProductType.Float8, ProductType.BFloat16 }
           from place in new[] { "shared", "registers" }
           select Probe(columns, type, place),
    ];

    /// <summary>Operands side by side as the kernel reads them, and the accumulators of its threads.</summary>
    /// <param name="tile">64 rows of 128 bytes, and as many columns as the shape has.</param>
    public static ProbeData Operands(ProductTile tile)
    {
        byte[] bytes = [.. tile.A.SelectMany(static row => row), .. tile.B.SelectMany(static row => row)];
        uint[] expected = new uint[Rows * tile.B.Length];
        for (int i = 0; i < tile.B.Length / 2; i++)
        {
            for (int thread = 0; thread < 128; thread++)
            {
                (int row, int column) = Place(i, thread);
                expected[(128 * i) + thread] = tile.Element(row, column);
            }
        }

        return new ProbeData(MemoryMarshal.Cast<byte, uint>(bytes).ToArray(), expected, 1);
    }

    /// <summary>Row and column of a thread's accumulator i.</summary>
    public static (int Row, int Column) Place(int i, int thread)
    {
        (int warp, int lane) = (thread / 32, thread % 32);
        return ((16 * warp) + (lane / 4) + (8 * (i / 2 % 2)), (8 * (i / 4)) + (2 * (lane % 4)) + (i % 2));
    }

    private static InstructionProbe Probe(int columns, ProductType type, string place)
    {
        (string suffix, string types, int k) = type switch
        {
            ProductType.SignedBytes => ("s8", "s32.s8.s8", 32),
            ProductType.Float8 => ("e4m3", "f32.e4m3.e4m3", 32),
            _ => ("bf16", "f32.bf16.bf16", 16),
        };
        string shape = string.Create(CultureInfo.InvariantCulture, $"m64n{columns}k{k}");
        return new InstructionProbe(
            $"probe_wgmma_{shape}_{suffix}_{place}", Source, 128, RowBytes * (Rows + columns),
            [
                $"wgmma.mma_async.sync.aligned.{shape}.{types}", "wgmma.fence.sync.aligned", "wgmma.commit_group.sync.aligned",
                "wgmma.wait_group.sync.aligned", "fence.proxy.async.shared::cta", "setp.ne.b32",
            ],
            () => Operands(new ProductTile(type, Rows, columns, RowBytes, new Random(19))));
    }
}
