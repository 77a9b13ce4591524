"""Block lists and their consumer: every list is looked at."""


def _torch():
    import torch

    return torch


class BlockMask:
    @classmethod
    def from_kv_blocks(cls, kv_num_blocks, kv_indices, full_kv_num_blocks, full_kv_indices, BLOCK_SIZE, mask_mod=None, seq_lengths=None):
        torch = _torch()
        torch._require(kv_num_blocks.shape == full_kv_num_blocks.shape and kv_indices.shape == full_kv_indices.shape, "shapes differ")
        torch._require(kv_indices.shape[:3] == kv_num_blocks.shape and len(kv_indices.shape) == 4, "indices must be [B, H, rows, columns]")
        torch._require(full_kv_indices.dtype is torch.int32 and full_kv_num_blocks.dtype is torch.int32, "expected int32")
        torch._require(not any(kv_num_blocks.values), "a partial block without a mask_mod")
        rows, columns = kv_indices.shape[2:]
        torch._require(all(-(-length // BLOCK_SIZE) == blocks for length, blocks in zip(seq_lengths, (rows, columns))), "lengths do not fit the blocks")
        for row, count in enumerate(full_kv_num_blocks.values):
            listed = full_kv_indices.values[row * columns : row * columns + count]
            torch._require(listed == sorted(set(listed)) and all(0 <= block < columns for block in listed), f"row {row} lists {listed}")
        mask = cls()
        mask.heads, mask.rows, mask.block, mask.lengths = kv_indices.shape[1], rows, BLOCK_SIZE, seq_lengths
        mask.kept = sum(full_kv_num_blocks.values)
        return mask


def flex_attention(query, key, value, block_mask, kernel_options):
    torch = _torch()
    torch._call(f"flex-{kernel_options['num_stages']}")
    torch._require(query.shape == key.shape == value.shape, "shapes differ")
    torch._require(block_mask.heads == query.shape[1] and block_mask.lengths == (query.shape[2], key.shape[2]), "the mask is for another shape")
    torch._require(block_mask.block % kernel_options["BLOCK_M"] == 0 and block_mask.block % kernel_options["BLOCK_N"] == 0,
                   "Q and KV block size must be divisible by BLOCK_M and BLOCK_N")
    torch._say(f"flex {list(query.shape)} {block_mask.kept} blocks")
    return query
