namespace Tessera.Cuda.Kernels.Tests.Honesty;

/// <summary>The planted faults.</summary>
internal static class Mutations
{
    private const string Attend = "attend.cuh";
    private const string Probe = "sm90a_wgmma_probe.cu";

    // A byte was read before it came, or in no order with its coming: the schedule decides which is met first.
    private const string Unordered = "nobody wrote|race";

    public static IReadOnlyList<Mutation> All { get; } =
    [
        OfAttention("nobody waits for keys", Attend, "copy_async_wait<1>();", "", Unordered),
        OfAttention("keys are waited for one group too late", Attend, "copy_async_wait<1>();", "copy_async_wait<2>();", Unordered),
        OfAttention("nobody waits for values", Attend, "copy_async_wait<2>();", "", Unordered),
        OfAttention("barrier A is missing", Attend, "block_barrier(); // A", "", Unordered),
        OfAttention("barrier B is missing", Attend, "block_barrier(); // B", "", Unordered),
        OfAttention("keys are copied over the stage in use", Attend,
            "batchHead, next.index, shared, stage ^ 1);\n        copy_async_commit();\n        if",
            "batchHead, next.index, shared, stage);\n        copy_async_commit();\n        if",
            Unordered),
        OfAttention("the halves of the second operand are swapped", Attend, "query[step], b[0], b[1]", "query[step], b[1], b[0]"),
        OfAttention("a row's maximum misses half of its lanes", Attend, "largest = maximum(largest, shuffle_xor(largest, 2));", ""),
        OfAttention("a row's sum misses half of its lanes", Attend, "sum += shuffle_xor(sum, 2);", ""),
        OfAttention("the tail is not masked", Attend, "if (block.mask >= 0 || block.count < kKeys)", "if (block.mask >= 0)"),
        OfAttention("bits of a partial block are read by the wrong lane", Attend,
            "visible_keys(p, block, rows[r]) >> (2 * c)",
            "visible_keys(p, block, rows[r])"),
        OfAttention("rows that see nothing take the exponent of nothing", Attend, "larger == none ? 0.0f : larger", "larger"),
        OfAttention("the sum so far is not faded", Attend, "output[tile][i] *= fade[i / 2];", "output[tile][i] *= 1.0f;"),
        OfAttention("a tile is not lifted to the running maximum", Attend, "float unit = lift[i / 2];", "float unit = 1.0f;"),
        OfAttention("both columns take one value scale", Attend,
            "unit *= i % 2 == 0 ? valueScale.x : valueScale.y;",
            "unit *= valueScale.x;"),
        OfAttention("rows fade only when lane 0's do", Attend, "any_lane(fade[0] != 1.0f || fade[1] != 1.0f)", "lane == 0 && fade[0] != 1.0f"),
        OfAttention("products start at zero", "formats.cuh", "first ? mma_u8_s8_from(d, kMagicBits, a, b0, b1)", "first ? mma_u8_s8_from(d, 0, a, b0, b1)"),
        OfAttention("both columns take one key scale", Attend, "score * (i % 2 == 0 ? keyScale.x : keyScale.y)", "score * keyScale.x"),
        OfAttention("the list is read one entry late", Attend, "list.at(p, entry + 2)", "list.at(p, entry + 1)"),
        OfAttention("rows are stored in storage order", Attend, "if (token >= 0 && p.order)", "if (false)"),
        OfAttention("rows beyond the queries are stored", Attend, "rows[r] < p.querySlots ? rows[r] : -1", "rows[r]", "behind the end"),
        OfAttention("key smoothing is left out of the log-sum-exp", Attend, "if (p.rowConstants) value", "if (false) value"),
        OfAttention("probabilities are truncated", "formats.cuh", "kTruncated ? multiply_add_truncated", "true ? multiply_add_truncated"),
        OfAttention("values are not permuted", "quantize_values.cuh", "Code::kPermuted ? permuted_slot(i) : i", "i"),
        OfAttention("values are read before all have come", "quantize_values.cuh",
            "{x[0], x[1], x[2], x[3]});\n    }\n\n    block_barrier();",
            "{x[0], x[1], x[2], x[3]});\n    }\n",
            Unordered),
        OfRows("rotation is rounded twice", "rows.cuh",
            "multiply_add(even, factor.x, multiply(odd, -factor.y))",
            "even * factor.x - odd * factor.y"),
        OfRows("a scale is the inverse of the rounded inverse", "codes.cuh",
            "{divide(floored, maximumCode),",
            "{divide(1.0f, divide(maximumCode, floored)),"),
        OfRows("the maximum of a group misses half of a warp", "quantize_rows.cuh",
            "maximum_of_lanes<32>(ofWarp)",
            "maximum_of_lanes<16>(ofWarp)"),
        OfRows("the maximum of a group is read before it is there", "quantize_rows.cuh", "block_barrier();", "", Unordered),
        OfRows("text is turned", "rows.cuh", "if (load_s32(positions) < 0) return;", ""),
        OfProbe("nobody waits for a full stage", "mbarrier_wait(full + 8 * stage, u32(step) / kStages & 1);", "", Unordered),
        OfProbe("the producer does not wait for an empty stage", "mbarrier_wait(empty + 8 * stage, (u32(step) / kStages & 1) ^ 1);",
            "",
            "more arrivals|race"),
        OfProbe("the parity of empty stages is wrong", "(u32(step) / kStages & 1) ^ 1", "u32(step) / kStages & 1", "deadlock"),
        OfProbe("stages are never released", "if (lane == 0) mbarrier_arrive(empty + 8 * stage);", "", "deadlock"),
        OfProbe("nobody waits for products", "wgmma_wait<0>();", ""),
        OfProbe("a stage is released before it was read", "        wgmma_wait<0>();\n        wgmma_accumulators(d);\n        if (lane == 0) mbarrier_arrive(empty + 8 * stage);",
            "        if (lane == 0) mbarrier_arrive(empty + 8 * stage);\n        wgmma_wait<0>();\n        wgmma_accumulators(d);",
            "race"),
        OfProbe("the second operand does not advance", "wgmma_operand(a + 32 * k), wgmma_operand(b + 32 * k)",
            "wgmma_operand(a + 32 * k), wgmma_operand(b)"),
        OfProbe("barriers are used before they are there", "block_barrier(); // barriers", "", "race|no mbarrier"),
        OfProbe("half of the bytes are expected", "2 * kTileBytes);\n                bulk_load",
            "kTileBytes);\n                bulk_load",
            Unordered),
        OfProbe("fragments are read without the swizzle", "load_shared_u32(swizzled(a + 128 * (row + 8 * (r % 2)) + 32 * k + 16 * (r / 2) + 4 * (lane % 4)))",
            "load_shared_u32(a + 128 * (row + 8 * (r % 2)) + 32 * k + 16 * (r / 2) + 4 * (lane % 4))"),
        .. PipelineMutations.All,
    ];

    private static Mutation OfAttention(
        string name, string file, string text, string replacement, string? symptom = null) =>
        new(name, file, text, replacement, KernelSuites.AttentionUnits, KernelSuites.Attention, symptom);

    private static Mutation OfRows(
        string name, string file, string text, string replacement, string? symptom = null) =>
        new(name, file, text, replacement, KernelSuites.RowsUnits, KernelSuites.Rows, symptom);

    private static Mutation OfProbe(
        string name, string text, string replacement, string? symptom = null) =>
        new(name, Probe, text, replacement, KernelSuites.ProbeUnits, KernelSuites.Probe, symptom);
}
