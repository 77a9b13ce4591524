// The instructions that kernels use, each behind a one-line wrapper. Kernels contain no asm and no built-ins: that is what lets the same
// text run on the emulator, which replaces this file's second half by functions of its own.
//
// Loads from global memory are non-coherent: a kernel never reads what it writes. Shared addresses are 32-bit offsets.
#ifndef TESSERA_PRIMS_CUH
#define TESSERA_PRIMS_CUH
#include "compat.cuh"

#if defined(TESSERA_EMULATION)
#include "emulated_prims.hpp"
#else

// ---- who am I
TESSERA_INLINE u32 thread_index() { return threadIdx.x; }
TESSERA_INLINE u32 block_x() { return blockIdx.x; }
TESSERA_INLINE u32 block_y() { return blockIdx.y; }

// ---- bits and bytes
TESSERA_INLINE u32 bits_of(float x) { u32 r; asm("mov.b32 %0, %1;" : "=r"(r) : "f"(x)); return r; }
TESSERA_INLINE float float_of(u32 x) { float r; asm("mov.b32 %0, %1;" : "=f"(r) : "r"(x)); return r; }
TESSERA_INLINE u32 permute_bytes(u32 a, u32 b, u32 selector) { u32 r; asm("prmt.b32 %0, %1, %2, %3;" : "=r"(r) : "r"(a), "r"(b), "r"(selector)); return r; }
TESSERA_INLINE u32 sum_of_bytes(u32 bytes, u32 sum) { u32 r; asm("dp4a.u32.u32 %0, %1, %2, %3;" : "=r"(r) : "r"(bytes), "r"(0x01010101u), "r"(sum)); return r; }

// ---- arithmetic whose rounding is part of the meaning: never contracted, never reassociated
TESSERA_INLINE float multiply(float a, float b) { float r; asm("mul.rn.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b)); return r; }
TESSERA_INLINE float multiply_up(float a, float b) { float r; asm("mul.rp.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b)); return r; }
TESSERA_INLINE float subtract(float a, float b) { float r; asm("sub.rn.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b)); return r; }
TESSERA_INLINE float divide(float a, float b) { float r; asm("div.rn.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b)); return r; }
TESSERA_INLINE float multiply_add(float a, float b, float c) { float r; asm("fma.rn.f32 %0, %1, %2, %3;" : "=f"(r) : "f"(a), "f"(b), "f"(c)); return r; }
TESSERA_INLINE float multiply_add_truncated(float a, float b, float c) { float r; asm("fma.rz.f32 %0, %1, %2, %3;" : "=f"(r) : "f"(a), "f"(b), "f"(c)); return r; }
TESSERA_INLINE float maximum(float a, float b) { float r; asm("max.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b)); return r; }
TESSERA_INLINE float magnitude(float a) { float r; asm("abs.f32 %0, %1;" : "=f"(r) : "f"(a)); return r; }
TESSERA_INLINE float exp2_approximate(float x) { float r; asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x)); return r; }
TESSERA_INLINE float log2_approximate(float x) { float r; asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x)); return r; }
TESSERA_INLINE s32 minimum(s32 a, s32 b) { s32 r; asm("min.s32 %0, %1, %2;" : "=r"(r) : "r"(a), "r"(b)); return r; }
TESSERA_INLINE s32 maximum(s32 a, s32 b) { s32 r; asm("max.s32 %0, %1, %2;" : "=r"(r) : "r"(a), "r"(b)); return r; }

// ---- conversions
TESSERA_INLINE s32 round_to_even(float x) { s32 r; asm("cvt.rni.s32.f32 %0, %1;" : "=r"(r) : "f"(x)); return r; }
TESSERA_INLINE float widen_half(u16 x) { float r; asm("cvt.f32.f16 %0, %1;" : "=f"(r) : "h"(x)); return r; }
TESSERA_INLINE u16 narrow_half(float x) { u16 r; asm("cvt.rn.f16.f32 %0, %1;" : "=h"(r) : "f"(x)); return r; }
TESSERA_INLINE u32 pack_bf16(float low, float high) { u32 r; asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low)); return r; }
TESSERA_INLINE u32 pack_f16(float low, float high) { u32 r; asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low)); return r; }
// E4M3, to nearest even, saturating. sm_89 and up.
TESSERA_INLINE u32 pack_e4m3(float low, float high) { u16 r; asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(r) : "f"(high), "f"(low)); return r; }

// ---- global memory
TESSERA_INLINE u16 load_u16(u64 address) { u16 r; asm("ld.global.nc.b16 %0, [%1];" : "=h"(r) : "l"(address)); return r; }
TESSERA_INLINE s32 load_s32(u64 address) { s32 r; asm("ld.global.nc.b32 %0, [%1];" : "=r"(r) : "l"(address)); return r; }
TESSERA_INLINE u64 load_u64(u64 address) { u64 r; asm("ld.global.nc.b64 %0, [%1];" : "=l"(r) : "l"(address)); return r; }
TESSERA_INLINE float load_f32(u64 address) { float r; asm("ld.global.nc.f32 %0, [%1];" : "=f"(r) : "l"(address)); return r; }
TESSERA_INLINE double load_f64(u64 address) { double r; asm("ld.global.nc.f64 %0, [%1];" : "=d"(r) : "l"(address)); return r; }
TESSERA_INLINE f32x2 load_f32x2(u64 address) { f32x2 r; asm("ld.global.nc.v2.f32 {%0, %1}, [%2];" : "=f"(r.x), "=f"(r.y) : "l"(address)); return r; }
TESSERA_INLINE f32x4 load_f32x4(u64 address) { f32x4 r; asm("ld.global.nc.v4.f32 {%0, %1, %2, %3}, [%4];" : "=f"(r.x), "=f"(r.y), "=f"(r.z), "=f"(r.w) : "l"(address)); return r; }
TESSERA_INLINE u32x2 load_u32x2(u64 address) { u32x2 r; asm("ld.global.nc.v2.b32 {%0, %1}, [%2];" : "=r"(r.x), "=r"(r.y) : "l"(address)); return r; }
TESSERA_INLINE void store_u16(u64 address, u16 x) { asm volatile("st.global.b16 [%0], %1;" ::"l"(address), "h"(x) : "memory"); }
TESSERA_INLINE void store_u32(u64 address, u32 x) { asm volatile("st.global.b32 [%0], %1;" ::"l"(address), "r"(x) : "memory"); }
TESSERA_INLINE void store_f32(u64 address, float x) { asm volatile("st.global.f32 [%0], %1;" ::"l"(address), "f"(x) : "memory"); }
TESSERA_INLINE void store_f64(u64 address, double x) { asm volatile("st.global.f64 [%0], %1;" ::"l"(address), "d"(x) : "memory"); }
TESSERA_INLINE void store_f32x2(u64 address, f32x2 x) { asm volatile("st.global.v2.f32 [%0], {%1, %2};" ::"l"(address), "f"(x.x), "f"(x.y) : "memory"); }
TESSERA_INLINE void store_u32x2(u64 address, u32x2 x) { asm volatile("st.global.v2.b32 [%0], {%1, %2};" ::"l"(address), "r"(x.x), "r"(x.y) : "memory"); }
TESSERA_INLINE void store_u32x4(u64 address, u32x4 x) { asm volatile("st.global.v4.b32 [%0], {%1, %2, %3, %4};" ::"l"(address), "r"(x.x), "r"(x.y), "r"(x.z), "r"(x.w) : "memory"); }
TESSERA_INLINE void reduce_maximum(u64 address, u32 x) { asm volatile("red.global.max.u32 [%0], %1;" ::"l"(address), "r"(x) : "memory"); }

// ---- shared memory, dynamic only
extern __shared__ __align__(1024) unsigned char tessera_shared[];
TESSERA_INLINE u32 shared_base() { u32 r; asm("{ .reg .u64 t; cvta.to.shared.u64 t, %1; cvt.u32.u64 %0, t; }" : "=r"(r) : "l"(&tessera_shared[0])); return r; }
TESSERA_INLINE float load_shared_f32(u32 address) { float r; asm volatile("ld.shared.f32 %0, [%1];" : "=f"(r) : "r"(address) : "memory"); return r; }
TESSERA_INLINE f32x2 load_shared_f32x2(u32 address) { f32x2 r; asm volatile("ld.shared.v2.f32 {%0, %1}, [%2];" : "=f"(r.x), "=f"(r.y) : "r"(address) : "memory"); return r; }
TESSERA_INLINE void store_shared_f32(u32 address, float x) { asm volatile("st.shared.f32 [%0], %1;" ::"r"(address), "f"(x) : "memory"); }
TESSERA_INLINE void store_shared_f32x4(u32 address, f32x4 x) { asm volatile("st.shared.v4.f32 [%0], {%1, %2, %3, %4};" ::"r"(address), "f"(x.x), "f"(x.y), "f"(x.z), "f"(x.w) : "memory"); }
// Four 8 x 8 matrices of 16-bit elements: lane l names row l & 7 of matrix l >> 3 and receives elements 2 (l & 3), 2 (l & 3) + 1 of row l >> 2.
TESSERA_INLINE void load_matrices(u32 (&r)[4], u32 address) { asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(address) : "memory"); }

// ---- asynchronous copies, 16 bytes, past the first-level cache
TESSERA_INLINE void copy_async(u32 shared, u64 global) { asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared), "l"(global) : "memory"); }
TESSERA_INLINE void copy_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int kPending> TESSERA_INLINE void copy_async_wait() { asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory"); }

// ---- threads together
TESSERA_INLINE void block_barrier() { asm volatile("bar.sync 0;" ::: "memory"); }
TESSERA_INLINE float shuffle_xor(float x, u32 mask) { u32 r; asm volatile("shfl.sync.bfly.b32 %0, %1, %2, 31, 0xffffffff;" : "=r"(r) : "r"(bits_of(x)), "r"(mask)); return float_of(r); }
TESSERA_INLINE bool any_lane(bool x) { u32 r; asm volatile("{ .reg .pred p, q; setp.ne.b32 p, %1, 0; vote.sync.any.pred q, p, 0xffffffff; selp.b32 %0, 1, 0, q; }" : "=r"(r) : "r"(u32(x))); return r != 0; }

// ---- tensor cores: d += a b over a 16 x 8 tile and 32 bytes of k. g = lane / 4, c = lane % 4.
// a: r0 row g, bytes 4c..; r1 row g + 8; r2 row g, bytes 16 + 4c..; r3 row g + 8. b: column g, bytes 4c.. and 16 + 4c...
// d: d0, d1 row g, columns 2c, 2c + 1; d2, d3 row g + 8.
TESSERA_INLINE void mma_s8_s8(s32 (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};" : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1)); }
TESSERA_INLINE void mma_u8_s8(s32 (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { asm("mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};" : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1)); }
// d = a b + start, the same start everywhere: no accumulator has to be set first.
TESSERA_INLINE void mma_s8_s8_from(s32 (&d)[4], s32 start, const u32 (&a)[4], u32 b0, u32 b1) { asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%10, %10, %10, %10};" : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1), "r"(start)); }
TESSERA_INLINE void mma_u8_s8_from(s32 (&d)[4], s32 start, const u32 (&a)[4], u32 b0, u32 b1) { asm("mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%10, %10, %10, %10};" : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1), "r"(start)); }
TESSERA_INLINE void mma_bf16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};" : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1)); }
TESSERA_INLINE void mma_f16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};" : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1)); }
// sm_89 natively; sm_90 runs it on the binary16 units, slower than mma_s8_s8.
TESSERA_INLINE void mma_e4m3(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { asm("mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};" : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1)); }
#endif

// ---- in terms of the above
TESSERA_INLINE u32 lane_index() { return thread_index() & 31; }
TESSERA_INLINE u32 warp_index() { return thread_index() >> 5; }
TESSERA_INLINE float minus_infinity() { return float_of(0xff800000u); }

#endif
