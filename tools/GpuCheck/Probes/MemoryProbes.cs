namespace GpuCheck.Probes;

/// <summary>Probes of loads, stores, reductions, shared memory and copies: bytes must arrive where the manual says.</summary>
internal static class MemoryProbes
{
    private const string Source = "sm80_probe_memory.cu";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<InstructionProbe> All { get; } =
    [
        Copy("probe_copy_u16", 2, "ld.global.nc.b16", "st.global.b16"),
        Copy("probe_copy_s32", 4, "ld.global.nc.b32", "st.global.b32"),
        Copy("probe_copy_f32", 4, "ld.global.nc.f32", "st.global.f32"),
        Copy("probe_copy_f64", 8, "ld.global.nc.f64", "st.global.f64"),
        Copy("probe_copy_f32x2", 8, "ld.global.nc.v2.f32", "st.global.v2.f32"),
        Copy("probe_copy_u32x2", 8, "ld.global.nc.v2.b32", "st.global.v2.b32"),
        Copy("probe_copy_f32x4", 16, "ld.global.nc.v4.f32"),
        Copy("probe_copy_u64", 16, "ld.global.nc.b64", "st.global.v4.b32"),
        new("probe_reduce_maximum", Source, 256, 0, ["red.global.max.u32"], ReduceMaximum),
        new("probe_shared_f32", Source, 128, 512, ["st.shared.f32", "ld.shared.f32", "bar.sync", "cvta.to.shared.u64", "cvt.u32.u64"],
            static () => Permuted(128, static i => 127 - i)),
        new("probe_shared_u32", Source, 128, 512, ["ld.shared.b32"], static () => Permuted(128, static i => i ^ 77)),
        new("probe_shared_vectors", Source, 128, 2048, ["st.shared.v4.f32", "ld.shared.v2.f32"],
            static () => Permuted(512, static i => (4 * (127 - (i / 4))) + (i % 4))),
        new("probe_load_matrices", Source, 32, 32 * 48, ["ldmatrix.sync.aligned.m8n8.x4.shared.b16"], LoadMatrices),
        new("probe_copy_async", Source, 128, 4096, ["cp.async.cg.shared.global", "cp.async.commit_group", "cp.async.wait_group"],
            static () => Permuted(1024, static i => i)),
    ];

    /// <summary>Random words.</summary>
    public static uint[] Words(int count, int seed = 7)
    {
        Random random = new(seed);
        uint[] words = new uint[count];
        for (int i = 0; i < count; i++)
        {
            words[i] = (uint)random.NextInt64(1L << 32);
        }

        return words;
    }

    /// <summary>Output i is input <paramref name="source"/>(i).</summary>
    public static ProbeData Permuted(int count, Func<int, int> source)
    {
        uint[] words = Words(count);
        return new ProbeData(words, [.. Enumerable.Range(0, count).Select(i => words[source(i)])], count);
    }

    private static InstructionProbe Copy(string kernel, int bytes, params string[] mnemonics) =>
        new(kernel, Source, 32, 0, mnemonics, () =>
        {
            // Odd many of them, so that the last turn is not full; signalling NaNs among them must pass as they are.
            uint[] words = Words(404);
            words[3] = 0x7f800001;
            words[7] = 0xffa00000;
            return new ProbeData(words, words, words.Length * sizeof(uint) / bytes);
        });

    private static ProbeData ReduceMaximum()
    {
        uint[] words = Words(1000);
        uint[] before = [0, 0xffffffff, 0x80000000, 0x7fffffff, 1, 0xfffffffe, 5, 0];
        uint[] expected = [.. before];
        for (int i = 0; i < words.Length; i++)
        {
            expected[i % 8] = Math.Max(expected[i % 8], words[i]);
        }

        return new ProbeData(words, expected, words.Length) { Before = before };
    }

    // Lane l gives the address of row l % 8 of matrix l / 8, and receives 16-bit elements 2 (l % 4) and the next of row l / 4 of each.
    private static ProbeData LoadMatrices()
    {
        uint[] rows = Words(128);
        uint[] addresses = [.. Enumerable.Range(0, 32).Select(static lane => (uint)((lane * 13 + 5) % 32))];
        uint[] expected = new uint[128];
        for (int matrix = 0; matrix < 4; matrix++)
        {
            for (int lane = 0; lane < 32; lane++)
            {
                expected[(32 * matrix) + lane] = rows[(4 * addresses[(8 * matrix) + (lane / 4)]) + (lane % 4)];
            }
        }

        return new ProbeData([.. rows, .. addresses], expected, 128);
    }
}
