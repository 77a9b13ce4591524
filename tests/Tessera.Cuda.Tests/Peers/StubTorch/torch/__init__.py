"""Shapes, types and rules of the parts of PyTorch that gpu_peers.py calls, without a number in them: what PyTorch refuses is refused.

STUB_TORCH_DEVICES=0: no device. STUB_TORCH_FAIL: names of calls that fail, by commas. STUB_TORCH_DIE: a call that ends the process.
STUB_TORCH_LOG: a file that receives each attention call.
"""

import math
import os
import sys

__version__ = "2.stub"


class version:
    cuda = "13.stub"


class _Type:
    def __init__(self, name, size):
        self.name, self.size = name, size

    def __repr__(self):
        return f"torch.{self.name}"


float32, bfloat16, float8_e4m3fn = _Type("float32", 4), _Type("bfloat16", 2), _Type("float8_e4m3fn", 1)
int8, uint8, int32 = _Type("int8", 1), _Type("uint8", 1), _Type("int32", 4)


def _call(name):
    if name in os.environ.get("STUB_TORCH_FAIL", "").split(","):
        raise RuntimeError(f"{name} is not | to be\nhad here")
    if name == os.environ.get("STUB_TORCH_DIE"):
        os._exit(77)


def _say(text):
    path = os.environ.get("STUB_TORCH_LOG")
    if path:
        with open(path, "a") as log:
            log.write(text + "\n")


def _require(condition, message):
    if not condition:
        raise RuntimeError(message)


class Tensor:
    def __init__(self, shape, dtype, device, values=None, turned=False):
        _require(device == "cuda", f"expected a CUDA tensor, got {device}")
        self.shape, self.dtype, self.values, self.turned = tuple(shape), dtype, values, turned

    def to(self, dtype):
        return Tensor(self.shape, dtype, "cuda", self.values, self.turned)

    def t(self):
        _require(len(self.shape) == 2, "t() expects two axes")
        return Tensor(self.shape[::-1], self.dtype, "cuda", turned=not self.turned)

    def view(self, *shape):
        _require(math.prod(shape) == self.numel(), f"shape {shape} is invalid for input of size {self.numel()}")
        return Tensor(shape, self.dtype, "cuda", self.values)

    def numel(self):
        return math.prod(self.shape)

    def copy_(self, other):
        _require(self.shape == other.shape and self.dtype is other.dtype, "shapes differ")
        return self

    def __matmul__(self, other):
        _call("matmul")
        _require(self.shape[1] == other.shape[0] and self.dtype is other.dtype, "shapes or types cannot be multiplied")
        return Tensor((self.shape[0], other.shape[1]), self.dtype, "cuda")


def randn(*shape, device):
    return Tensor(shape, float32, device)


def randint(low, high, size, device, dtype):
    _require(-128 <= low < high <= 128, "from - to out of bounds")
    return Tensor(size, dtype, device)


def ones(size, device):
    return Tensor(size, float32, device)


def empty(count, device, dtype):
    return Tensor((count,), dtype, device)


def empty_like(other):
    return Tensor(other.shape, other.dtype, "cuda")


def zeros_like(other):
    return Tensor(other.shape, other.dtype, "cuda", [0] * other.numel())


def tensor(values, device, dtype):
    rows = values if isinstance(values[0], list) else None
    _require(rows is None or len({len(row) for row in rows}) == 1, "expected sequences of one length")
    flat = [value for row in rows for value in row] if rows else list(values)
    return Tensor((len(rows), len(rows[0])) if rows else (len(flat),), dtype, device, flat)


def _scaled_mm(a, b, scale_a, scale_b, out_dtype, use_fast_accum):
    _call("_scaled_mm")
    _require(a.dtype is float8_e4m3fn and b.dtype is float8_e4m3fn, "mat1 and mat2 must be Float8_e4m3fn")
    _require(b.turned and not a.turned, "mat2 must be column-major")
    _require(scale_a.shape == () and scale_b.shape == () and scale_a.dtype is float32, "scales must be float32 scalars")
    _require(all(size % 16 == 0 for size in a.shape + b.shape), "sizes must be divisible by 16")
    _require(isinstance(use_fast_accum, bool), "use_fast_accum must be bool")
    return Tensor((a.shape[0], b.shape[1]), out_dtype, "cuda")


def _int_mm(a, b):
    _call("_int_mm")
    _require(a.dtype is int8 and b.dtype is int8, "expected int8")
    return Tensor((a.shape[0], b.shape[1]), int32, "cuda")


def compile(function, dynamic):
    _call("compile")
    _require(dynamic is False, "one compilation for each shape")
    return function


class no_grad:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


class cuda:
    class Event:
        def __init__(self, enable_timing):
            self.timed, self.recorded, self.waited = enable_timing, False, False

        def record(self):
            self.recorded = True

        def synchronize(self):
            _require(self.recorded, "the event was not recorded")
            self.waited = True

        def elapsed_time(self, end):
            _require(self.timed and end.timed and self.recorded and end.waited, "both events must be recorded, and the end be reached")
            return 2.0

    @staticmethod
    def is_available():
        return os.environ.get("STUB_TORCH_DEVICES", "1") != "0"

    @staticmethod
    def synchronize():
        pass

    @staticmethod
    def empty_cache():
        pass

    @staticmethod
    def get_device_properties(index):
        class Properties:
            name = "Stub GPU"

        return Properties


from . import _dynamo, nn  # noqa: E402, F401

sys.modules["torch.cuda"] = cuda
