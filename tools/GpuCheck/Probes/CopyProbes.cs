using System.Runtime.InteropServices;
using Tessera.Cuda.Memory;

namespace GpuCheck.Probes;

/// <summary>
/// Probes of barriers in shared memory, register budgets, and bulk loads: a tensor map encoded by the driver goes round, with each
/// swizzle, coordinates of both signs and zeros outside of the tensor.
/// </summary>
internal static class CopyProbes
{
    private const string Source = "sm90a_probe_copies.cu";
    private const int SharedBytes = 16384 + 8;

    // Rows of 100 bytes, 112 bytes apart, 70 of them, 3 planes: no extent is a multiple of a box.
    private const int Stride = 112;

    private static readonly (int X, int Y, int Z) Extents = (100, 70, 3);

    private static readonly string[] Mnemonics =
    [
        "mbarrier.arrive.expect_tx.shared::cta.b64", "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes",
        "prefetch.tensormap", "fence.proxy.tensormap::generic.acquire.sys",
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<InstructionProbe> All { get; } =
    [
        new("probe_mbarrier_phases", Source, 128, 512 + 16,
            [
                "mbarrier.init.shared::cta.b64", "mbarrier.arrive.shared::cta.b64", "mbarrier.try_wait.parity.shared::cta.b64",
                "fence.mbarrier_init.release.cluster", "bra",
            ],
            // Turn t takes the word 37 t further: 1 + 2 + ... + 16 = 136 times 37 in all.
            static () => MemoryProbes.Permuted(128, static i => (i + (37 * 136)) % 128)),
        Load("probe_bulk_load", TensorMapSwizzle.Bytes128, (128, 64, 1), (0, 16, 1)),
        Load("128-byte swizzle, whole tensor", TensorMapSwizzle.Bytes128, (128, 128, 1), (0, 0, 0)),
        Load("128-byte swizzle, outside of the tensor", TensorMapSwizzle.Bytes128, (128, 16, 1), (128, 70, 3)),
        Load("64-byte swizzle", TensorMapSwizzle.Bytes64, (64, 64, 2), (40, 30, 1)),
        Load("32-byte swizzle", TensorMapSwizzle.Bytes32, (32, 40, 3), (-8, 40, 0)),
        Load("no swizzle, three planes", TensorMapSwizzle.None, (64, 32, 3), (48, 60, 1)),
        Load("no swizzle, before the beginning", TensorMapSwizzle.None, (112, 64, 2), (-32, -40, -1)),
        new("probe_bulk_load_parameter", Source, 128, SharedBytes, Mnemonics[..3],
            static () => Box(TensorMapSwizzle.Bytes128, (128, 64, 1), (-16, -5, 2)))
        {
            TakesMapByValue = true,
        },
        new("probe_register_budget", Source, 384, 0, ["setmaxnreg.dec.sync.aligned.u32", "setmaxnreg.inc.sync.aligned.u32"], static () =>
        {
            uint[] words = MemoryProbes.Words(384);
            return new ProbeData(words, [.. words.Select(static (word, i) => unchecked(word + (i < 128 ? 40u : 232u)))], 384);
        }),
    ];

    private static InstructionProbe Load(string name, TensorMapSwizzle swizzle, (int X, int Y, int Z) box, (int X, int Y, int Z) at) =>
        new("probe_bulk_load", Source, 128, SharedBytes, Mnemonics, () => Box(swizzle, box, at)) { Name = name };

    private static ProbeData Box(TensorMapSwizzle swizzle, (int X, int Y, int Z) box, (int X, int Y, int Z) at)
    {
        byte[] tensor = new byte[Stride * Extents.Y * Extents.Z];
        new Random(17).NextBytes(tensor);
        byte[] shared = new byte[box.X * box.Y * box.Z];
        for (int i = 0; i < shared.Length; i++)
        {
            (int x, int y, int z) = (at.X + (i % box.X), at.Y + (i / box.X % box.Y), at.Z + (i / box.X / box.Y));
            bool inside = x >= 0 && x < Extents.X && y >= 0 && y < Extents.Y && z >= 0 && z < Extents.Z;
            shared[Swizzled(i, swizzle)] = inside ? tensor[(Stride * ((Extents.Y * z) + y)) + x] : (byte)0;
        }

        return new ProbeData(
            MemoryMarshal.Cast<byte, uint>(tensor).ToArray(), MemoryMarshal.Cast<byte, uint>(shared).ToArray(), shared.Length)
        {
            At = at,
            Maps =
            [
                (input, _) => new TensorMap(
                    input, TensorMapElement.UInt8, [Extents.X, Extents.Y, Extents.Z], [Stride, Stride * Extents.Y],
                    [box.X, box.Y, box.Z], swizzle),
            ],
        };
    }

    // Sixteen bytes of a row change places: bits 4 to 6 of the address take the exclusive or of bits 7 to 9, or as many as the swizzle has.
    private static int Swizzled(int address, TensorMapSwizzle swizzle) => swizzle switch
    {
        TensorMapSwizzle.Bytes128 => address ^ ((address >> 3) & 0x70),
        TensorMapSwizzle.Bytes64 => address ^ ((address >> 3) & 0x30),
        TensorMapSwizzle.Bytes32 => address ^ ((address >> 3) & 0x10),
        _ => address,
    };
}
