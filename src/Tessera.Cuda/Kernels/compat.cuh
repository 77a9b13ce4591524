// What NVRTC, clang and a host C++ compiler need to read one source: fixed-width names, attributes, built-in variables.
//
// NVRTC and nvcc know CUDA's words themselves. clang knows them as attributes only and gets them here, without CUDA's headers.
// A host compiler gets empty attributes: there the wrappers of prims.cuh are functions of an emulator (TESSERA_EMULATION).
#ifndef TESSERA_COMPAT_CUH
#define TESSERA_COMPAT_CUH

typedef unsigned char u8;
typedef signed char s8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int s32;
typedef unsigned long long u64;
typedef long long s64;

static_assert(sizeof(u16) == 2 && sizeof(u32) == 4 && sizeof(u64) == 8 && sizeof(float) == 4 && sizeof(double) == 8, "fixed widths");

struct alignas(8) f32x2 { float x, y; };
struct alignas(16) f32x4 { float x, y, z, w; };
struct alignas(8) u32x2 { u32 x, y; };
struct alignas(16) u32x4 { u32 x, y, z, w; };

#if defined(TESSERA_EMULATION)
#define TESSERA_INLINE static inline
#define TESSERA_MEMBER inline
#else

#if defined(__clang__) && defined(__CUDA__)
#define __device__ __attribute__((device))
#define __global__ __attribute__((global))
#define __shared__ __attribute__((shared))
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define __forceinline__ __inline__ __attribute__((always_inline))
// Unknown to clang 19, and not missed: no kernel takes the address of a parameter. Tensor maps come as addresses of global memory.
#define __grid_constant__
struct uint3 { unsigned int x, y, z; };
struct dim3 { unsigned int x, y, z; };
#include <__clang_cuda_builtin_vars.h>
#endif

#define TESSERA_INLINE static __device__ __forceinline__
#define TESSERA_MEMBER __device__ __forceinline__
#endif

// Loops over registers must be unrolled: a register array indexed at run time lives in local memory.
#if defined(__clang__) || defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define TESSERA_UNROLL _Pragma("unroll")
#else
#define TESSERA_UNROLL
#endif

// Blocks a multiprocessor should hold bound the registers of a thread. What is best is a question to a device: TESSERA_MINIMUM_BLOCKS asks it.
#if defined(TESSERA_MINIMUM_BLOCKS)
#define TESSERA_BLOCKS(blocks) TESSERA_MINIMUM_BLOCKS
#else
#define TESSERA_BLOCKS(blocks) blocks
#endif

// An entry point: C linkage, one parameter by value, tensor maps in it by address. Threads, blocks a multiprocessor should hold, dynamic shared memory.
#if defined(TESSERA_EMULATION)
#define TESSERA_KERNEL(name, parameter_type, threads, blocks, shared)                                                            \
    static void name(const parameter_type& parameters);                                                                         \
    static const ::tessera::emulation::Registration registration_of_##name{                                                     \
        #name, #parameter_type, sizeof(parameter_type), threads, shared,                                                         \
        [](const void* memory) { name(*static_cast<const parameter_type*>(memory)); }};                                          \
    static void name(const parameter_type& parameters)
#else
#define TESSERA_KERNEL(name, parameter_type, threads, blocks, shared)                                                            \
    static_assert((shared) <= 227 * 1024, "shared memory of a block");                                                          \
    extern "C" __global__ void __launch_bounds__(threads, TESSERA_BLOCKS(blocks)) name(const __grid_constant__ parameter_type parameters)
#endif

#endif
