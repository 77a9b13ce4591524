import enum

forced = ["any"]


class SDPBackend(enum.Enum):
    CUDNN_ATTENTION = "cudnn"
    FLASH_ATTENTION = "flash"


class sdpa_kernel:
    def __init__(self, backends):
        self.backends = backends

    def __enter__(self):
        forced.append(self.backends[0].value)

    def __exit__(self, *_):
        forced.pop()
        return False


from . import flex_attention  # noqa: E402, F401
