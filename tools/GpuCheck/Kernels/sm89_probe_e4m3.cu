// E4M3: conversion and the product of a warp.
#include "probe.cuh"

TESSERA_SCALAR_PROBE(probe_pack_e4m3, pack_e4m3(float_of(a), float_of(b)))
TESSERA_PRODUCT_PROBE(probe_mma_e4m3, mma_e4m3, float, float_of, bits_of)
