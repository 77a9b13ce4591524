import torch

from .attention import forced


def scaled_dot_product_attention(query, key, value):
    torch._call(forced[-1])
    torch._require(query.shape == key.shape == value.shape and len(query.shape) == 4, "shapes differ")
    torch._require(query.dtype is torch.bfloat16, "expected bfloat16")
    torch._say(f"sdpa {forced[-1]} {list(query.shape)}")
    return query
