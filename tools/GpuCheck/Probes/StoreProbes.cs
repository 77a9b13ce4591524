using System.Runtime.InteropServices;
using Tessera.Cuda.Memory;

namespace GpuCheck.Probes;

/// <summary>Probes of bulk stores, of maps of three and four axes, and of matrices that leave registers.</summary>
internal static class StoreProbes
{
    private const string Source = "sm90a_bulk_store_probe.cu";
    private const int CopyShared = 32768 + 8;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<InstructionProbe> All { get; } =
    [
        Copy("probe_bulk_copy_3d", TensorMapSwizzle.Bytes128, [128, 24, 2], [3, 2, 1], [1, 3, 0]),
        Copy("three axes, over the far edges", TensorMapSwizzle.Bytes64, [64, 24, 2], [90, 20, 3], [100, 15, 1]),
        Copy("three axes, over the near edges", TensorMapSwizzle.None, [96, 12, 3], [-5, -1, 0], [-3, -7, -1]),
        Copy("probe_bulk_copy_4d", TensorMapSwizzle.Bytes128, [128, 9, 2, 2], [3, 2, 1, 1], [1, 3, 0, 1]),
        Copy("four axes, over the far edges", TensorMapSwizzle.Bytes64, [64, 9, 2, 2], [90, 20, 3, 2], [100, 15, 1, 0]),
        Matrices("probe_matrices", transposed: false),
        Matrices("probe_matrices, transposed", transposed: true),
    ];

    private static InstructionProbe Copy(string name, TensorMapSwizzle swizzle, int[] box, int[] from, int[] to)
    {
        int rank = box.Length;
        List<string> mnemonics =
        [
            $"cp.async.bulk.tensor.{rank}d.shared::cluster.global.mbarrier::complete_tx::bytes",
            $"cp.async.bulk.tensor.{rank}d.global.shared::cta.bulk_group",
            "cp.async.bulk.commit_group", "cp.async.bulk.wait_group", "fence.proxy.tensormap::generic.acquire.sys", "elect.sync",
            "selp.b32",
        ];
        return new InstructionProbe(
            $"probe_bulk_copy_{rank}d", Source, 32, CopyShared, mnemonics, () => CopyData(swizzle, box, from, to))
        {
            Name = name,
        };
    }

    private static ProbeData CopyData(TensorMapSwizzle swizzle, int[] box, int[] from, int[] to)
    {
        int rank = box.Length;
        StridedTensor source = new([112, 26, 5, 3], rank);
        StridedTensor destination = new([120, 23, 4, 2], rank);
        byte[] bytes = new byte[source.Bytes];
        new Random(23).NextBytes(bytes);
        byte[] expected = destination.After(source, bytes, box, from, to);
        byte[] before = new byte[expected.Length];
        Array.Fill(before, StridedTensor.Untouched);
        int total = box.Aggregate(1, static (product, extent) => product * extent);
        return new ProbeData(MemoryMarshal.Cast<byte, uint>(bytes).ToArray(), MemoryMarshal.Cast<byte, uint>(expected).ToArray(), total)
        {
            Before = MemoryMarshal.Cast<byte, uint>(before).ToArray(),
            Maps = [(input, _) => source.Map(input, box, swizzle), (_, output) => destination.Map(output, box, swizzle)],
            Parameters = addresses =>
            {
                CopyProbeParameters parameters = new() { Source = addresses.Maps[0], Destination = addresses.Maps[1], Bytes = total };
                from.CopyTo(parameters.From);
                to.CopyTo(parameters.To);
                return ProbeRun.Bytes(parameters);
            },
        };
    }

    // Element (i, j) is 16 i + j in the accumulator's layout; transposed, each 8 x 8 matrix is turned on its own.
    private static InstructionProbe Matrices(string name, bool transposed) =>
        new("probe_matrices", Source, 32, 512,
            [
                "stmatrix.sync.aligned.m8n8.x4.shared.b16", "stmatrix.sync.aligned.m8n8.x4.trans.shared.b16", "bar.warp.sync",
                "cp.async.bulk.wait_group.read",
            ],
            () =>
            {
                ushort[] elements = new ushort[256];
                for (int i = 0; i < elements.Length; i++)
                {
                    (int row, int column) = (i / 16, i % 16);
                    elements[i] = (ushort)(transposed ? (16 * ((row & 8) | (column & 7))) + ((column & 8) | (row & 7)) : i);
                }

                return new ProbeData(new uint[4], MemoryMarshal.Cast<ushort, uint>(elements).ToArray(), 256)
                {
                    Maps =
                    [
                        (_, output) => new TensorMap(
                            output, TensorMapElement.UInt8, [32, 16, 1], [32, 512], [32, 16, 1], TensorMapSwizzle.None),
                    ],
                    Parameters = addresses => ProbeRun.Bytes(
                        new MatrixProbeParameters { Destination = addresses.Maps[0], Transposed = transposed ? 1 : 0 }),
                };
            })
        {
            Name = name,
        };
}
