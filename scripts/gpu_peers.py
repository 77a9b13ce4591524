#!/usr/bin/env python3
"""Times what PyTorch has beside our kernels, on the same shapes and lists: SDPA with cuDNN and with flash forced, compiled FlexAttention
over the lists that the timings stage wrote, and the ceilings of plain products (bfloat16, FP8, INT8) and of a copy.

Every figure is the median of 20 runs after 5, by CUDA events, inputs taken by turns; operations are 4 L Lkept D H, as for our kernels.
Writes peers.json and peers.md into --output after every figure, so that a run which is cut short leaves what it has. Needs PyTorch with CUDA;
what this PyTorch cannot do is reported as skipped with its reason.
"""

import argparse
import array
import json
import pathlib
import re
import statistics
import sys

import torch
import torch.nn.functional as functional

WARM_UPS, RUNS, COPIES = 5, 20, 3
# heads, tokens, channels of the timings stage
SHAPES = [(12, 32760, 128), (16, 32768, 128), (48, 17776, 64)]
BLOCK = 64
# FlexAttention's own tiles must divide the blocks of the mask; its default for 128 channels has 128 queries and is refused with blocks of 64.
FLEX_OPTIONS = [
    {"BLOCK_M": BLOCK, "BLOCK_N": BLOCK, "num_warps": 4, "num_stages": 3},
    {"BLOCK_M": BLOCK, "BLOCK_N": BLOCK, "num_warps": 4, "num_stages": 2},
]
CEILING = "torch._scaled_mm e4m3"


def median_seconds(work):
    for run in range(WARM_UPS):
        work(run)
    torch.cuda.synchronize()
    times = []
    for run in range(RUNS):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        work(WARM_UPS + run)
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / 1e3)
    return statistics.median(times)


class Report:
    def __init__(self, folder):
        self.folder = folder
        self.rows = []

    def measure(self, name, unit, amount, work):
        """Reports amount / seconds / 1e12, or why it could not be measured."""
        try:
            seconds = median_seconds(work)
            self.rows.append({"name": name, "value": amount / seconds / 1e12, "unit": unit, "milliseconds": 1e3 * seconds, "detail": ""})
        except Exception as fault:  # noqa: BLE001 - a peer that fails is a row of the report, not the end of it
            self.rows.append({"name": name, "value": None, "unit": unit, "milliseconds": None, "detail": f"skipped: {type(fault).__name__}: {fault}"[:300]})
            torch.cuda.empty_cache()
        row = self.rows[-1]
        self.write()
        print(f"{row['name']}: {row['value'] if row['value'] is None else round(row['value'], 2)} {unit} {row['detail']}", file=sys.stderr, flush=True)

    def share_of_ceiling(self, row):
        ceiling = next((other["value"] for other in self.rows if other["name"].startswith(CEILING) and other["value"]), None)
        return f"{row['value'] / ceiling:.1%}" if ceiling and row["value"] and row["unit"].endswith("OP/s") else ""

    def write(self):
        properties = torch.cuda.get_device_properties(0)
        document = {
            "stage": "peers",
            "device": properties.name,
            "torch": torch.__version__,
            "cuda": torch.version.cuda,
            "rows": self.rows,
        }
        (self.folder / "peers.json").write_text(json.dumps(document, indent=2) + "\n")
        lines = [
            "## peers: PyTorch on the same shapes and lists", "",
            f"{properties.name}, PyTorch {torch.__version__}, CUDA {torch.version.cuda}", "",
            f"| peer | value | unit | of {CEILING} | ms | detail |", "| --- | --- | --- | --- | --- | --- |",
        ]
        for row in self.rows:
            value = "" if row["value"] is None else f"{row['value']:.3g}"
            time = "" if row["milliseconds"] is None else f"{row['milliseconds']:.3f}"
            detail = row["detail"].replace("|", " ").replace("\n", " ")
            lines.append(f"| {row['name']} | {value} | {row['unit']} | {self.share_of_ceiling(row)} | {time} | {detail} |")
        (self.folder / "peers.md").write_text("\n".join(lines) + "\n\n")


def ceilings(report, size):
    device = "cuda"
    operations = 2.0 * size**3
    wide = torch.randn(size, size, device=device).to(torch.bfloat16)
    other = torch.randn(size, size, device=device).to(torch.bfloat16)
    report.measure(f"bf16 product {size}^3", "TFLOP/s", operations, lambda run: wide @ other)
    eighth = torch.randn(size, size, device=device).to(torch.float8_e4m3fn)
    turned = torch.randn(size, size, device=device).to(torch.float8_e4m3fn).t()
    one = torch.ones((), device=device)
    for name, fast in ((f"{CEILING} {size}^3", True), (f"{CEILING} {size}^3, full accumulation", False)):
        report.measure(
            name, "TFLOP/s", operations,
            lambda run, fast=fast: torch._scaled_mm(eighth, turned, scale_a=one, scale_b=one, out_dtype=torch.bfloat16, use_fast_accum=fast))
    integers = torch.randint(-127, 128, (size, size), device=device, dtype=torch.int8)
    transposed = torch.randint(-127, 128, (size, size), device=device, dtype=torch.int8).t()
    report.measure(f"torch._int_mm {size}^3", "TOP/s", operations, lambda run: torch._int_mm(integers, transposed))
    source = torch.empty(1 << 31, device=device, dtype=torch.uint8)
    target = torch.empty_like(source)
    report.measure("copy of 2 GiB", "TB/s", 2.0 * source.numel(), lambda run: target.copy_(source))


def inputs(heads, tokens, channels):
    return [
        [torch.randn(1, heads, tokens, channels, device="cuda").to(torch.bfloat16) for _ in range(3)]
        for _ in range(COPIES)
    ]


def dense(report, heads, tokens, channels, tensors):
    from torch.nn.attention import SDPBackend, sdpa_kernel

    operations = 4.0 * heads * tokens * tokens * channels
    for name, backend in (("cuDNN", SDPBackend.CUDNN_ATTENTION), ("flash", SDPBackend.FLASH_ATTENTION)):
        def run_one(run, backend=backend):
            query, key, value = tensors[run % COPIES]
            with sdpa_kernel([backend]):
                return functional.scaled_dot_product_attention(query, key, value)

        report.measure(f"SDPA {name} [1, {heads}, {tokens}, {channels}]", "TFLOP/s", operations, run_one)


class Lists:
    """Kept key blocks of each head and row of query blocks: heads, rows, columns, then a count and its ascending blocks per row, int32."""

    def __init__(self, path):
        words = array.array("i", path.read_bytes())
        self.heads, self.rows, self.columns = words[:3]
        self.counts, self.indices, at = [], [], 3
        for _ in range(self.heads * self.rows):
            blocks = words[at + 1 : at + 1 + words[at]].tolist()
            self.counts.append(len(blocks))
            self.indices.append(blocks + [0] * (self.columns - len(blocks)))
            at += 1 + words[at]
        assert at == len(words), f"{path}: {len(words) - at} words left over"

    def density(self):
        return sum(self.counts) / (self.heads * self.rows * self.columns)

    def on_device(self):
        """Counts [1, heads, rows] and indices [1, heads, rows, columns]."""
        counts = torch.tensor(self.counts, device="cuda", dtype=torch.int32)
        indices = torch.tensor(self.indices, device="cuda", dtype=torch.int32)
        return counts.view(1, self.heads, self.rows), indices.view(1, self.heads, self.rows, self.columns)


def sparse(report, path, heads, tokens, channels, tensors):
    from torch.nn.attention.flex_attention import BlockMask, flex_attention

    lists = Lists(path)
    counts, indices = lists.on_device()
    # All kept blocks are full: no functor is evaluated inside of them.
    mask = BlockMask.from_kv_blocks(
        torch.zeros_like(counts), torch.zeros_like(indices), counts, indices, BLOCK_SIZE=BLOCK, seq_lengths=(tokens, tokens))
    kept = lists.density()
    operations = 4.0 * heads * tokens * tokens * channels * kept

    for options in FLEX_OPTIONS:
        # Each list is a compilation of its own; past eight of one function PyTorch would silently go without.
        torch._dynamo.reset()
        compiled = torch.compile(flex_attention, dynamic=False)

        def run_one(run, compiled=compiled, options=options):
            query, key, value = tensors[run % COPIES]
            return compiled(query, key, value, block_mask=mask, kernel_options=dict(options))

        report.measure(
            f"FlexAttention {path.stem}, density {kept:.3f}, {options['num_stages']} stages", "TFLOP/s", operations, run_one)


def against_dense(report, folder):
    """Our times with every pass included, as the timings stage left them, against the best dense bfloat16 peer of the same shape."""
    timings = folder / "timings.json"
    if not timings.exists():
        return
    for row in json.loads(timings.read_text())["rows"]:
        match = re.fullmatch(r"(\S+) \[1, (\d+), (\d+), (\d+)\] density ([\d.]+), all", row["name"])
        if match is None or not row.get("value"):
            continue
        heads, tokens, channels = (int(word) for word in match.groups()[1:4])
        peers = [
            peer for peer in report.rows
            if peer["name"].startswith("SDPA") and peer["name"].endswith(f"[1, {heads}, {tokens}, {channels}]") and peer["milliseconds"]
        ]
        if not peers:
            continue
        best = min(peers, key=lambda peer: peer["milliseconds"])
        lists = folder / f"lists-{tokens}x{heads}x{channels}-{match.group(5)}.i32"
        kept = Lists(lists).density() if lists.exists() else float(match.group(5))
        ours = 4.0 * heads * tokens * tokens * channels * kept / row["value"] / 1e9
        report.rows.append({
            "name": f"ours, {row['name']}", "value": best["milliseconds"] / ours, "unit": f"times as fast as {best['name'].split(' [')[0]}",
            "milliseconds": ours, "detail": f"dense peer {best['milliseconds']:.3f} ms",
        })
    report.write()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path(".gpu/out"))
    parser.add_argument("--product", type=int, default=8192, help="size of the plain products")
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        print("PyTorch sees no CUDA device", file=sys.stderr)
        return 3
    arguments.output.mkdir(parents=True, exist_ok=True)
    report = Report(arguments.output)
    with torch.no_grad():
        ceilings(report, arguments.product)
        for heads, tokens, channels in SHAPES:
            tensors = inputs(heads, tokens, channels)
            dense(report, heads, tokens, channels, tensors)
            pattern = re.compile(rf"lists-{tokens}x{heads}x{channels}-.*\.i32")
            for path in sorted(entry for entry in arguments.output.iterdir() if pattern.fullmatch(entry.name)):
                sparse(report, path, heads, tokens, channels, tensors)
            del tensors
            torch.cuda.empty_cache()
    against_dense(report, arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
