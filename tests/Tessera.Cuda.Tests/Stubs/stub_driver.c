// A CUDA driver without a GPU: device memory is host memory, calls are written down, and what a real driver refuses is refused.
// Launches do nothing, or go to an emulator of the kernels when STUB_EMULATOR names its library.
// Tests steer it by the functions at the end; other processes by the variables STUB_DRIVER_VERSION, STUB_ARCHITECTURE, STUB_DEVICES,
// STUB_FAIL (call:code), STUB_ABORT and STUB_HANG (kernels that end the process, or never end) and STUB_LOG (file that receives the calls).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef unsigned long long CUdeviceptr;
#define EXPORT __attribute__((visibility("default")))
enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, INVALID_DEVICE = 101, INVALID_IMAGE = 200,
       INVALID_CONTEXT = 201, INVALID_HANDLE = 400, NOT_FOUND = 500 };
enum { ALLOCATIONS = 4096, HANDLES = 1024, LOG_BYTES = 4 << 20, SHARED_LIMIT = 232448, SHARED_FREE = 48 << 10 };

struct allocation { void *base, *start; size_t bytes; };
struct handle { char kind; void *context; char name[128]; int shared; double time; int used; };

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static struct allocation allocations[ALLOCATIONS];
static struct handle handles[HANDLES];
static char *log_text;
static size_t log_length;
static int initialized, retained, version = -1, architecture, devices, parameter_bytes;
static char fail_call[64];
static int fail_code, fail_after;
static size_t memory_limit = (size_t)8 << 30, memory_used;
static int foreign; // a context that is none of ours
static __thread void *current_context;

// The emulator of the kernels, where STUB_EMULATOR names its library: memory and launches go there.
struct kernel_facts { const char *name, *parameter_type; uint32_t parameter_bytes, threads, shared_bytes; };
static struct {
    void *(*allocate)(uint64_t);
    int (*release)(void *);
    uint32_t (*count)(void);
    void (*facts)(uint32_t, struct kernel_facts *);
    int (*encode_map)(void *, uint32_t, uint32_t, uint64_t, const uint64_t *, const uint64_t *, const uint32_t *, uint32_t);
    int (*launch)(const char *, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, const void *, uint64_t, uint64_t, uint32_t, char *, uint64_t);
} emulator;

static int variable(const char *name, int otherwise) {
    const char *text = getenv(name);
    return text && *text ? atoi(text) : otherwise;
}

static int named(const char *variable_name, const char *name) {
    const char *text = getenv(variable_name);
    return text && strcmp(text, name) == 0;
}

static void configure(void) {
    if (version >= 0) return;
    version = variable("STUB_DRIVER_VERSION", 13000);
    architecture = variable("STUB_ARCHITECTURE", 90);
    devices = variable("STUB_DEVICES", 1);
    const char *fail = getenv("STUB_FAIL"), *colon = fail ? strchr(fail, ':') : NULL;
    if (colon) {
        snprintf(fail_call, sizeof fail_call, "%.*s", (int)(colon - fail), fail);
        fail_code = atoi(colon + 1);
    }
    const char *path = getenv("STUB_EMULATOR");
    if (path && *path) {
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!library) {
            fprintf(stderr, "stub driver: %s\n", dlerror());
            abort();
        }
        *(void **)&emulator.allocate = dlsym(library, "tessera_emulation_allocate");
        *(void **)&emulator.release = dlsym(library, "tessera_emulation_release");
        *(void **)&emulator.count = dlsym(library, "tessera_emulation_kernels");
        *(void **)&emulator.facts = dlsym(library, "tessera_emulation_kernel");
        *(void **)&emulator.encode_map = dlsym(library, "tessera_emulation_encode_map");
        *(void **)&emulator.launch = dlsym(library, "tessera_emulation_launch");
    }
}

static void say(const char *format, ...) {
    if (!log_text) log_text = calloc(1, LOG_BYTES);
    va_list values;
    va_start(values, format);
    size_t left = LOG_BYTES - log_length;
    int wrote = left > 1024 ? vsnprintf(log_text + log_length, left, format, values) : 0;
    va_end(values);
    log_length += wrote > 0 ? wrote : 0;
    const char *path = getenv("STUB_LOG");
    if (path && *path && wrote > 0) {
        FILE *file = fopen(path, "a");
        if (file) { fputs(log_text + log_length - wrote, file); fclose(file); }
    }
}

// Every call: write it down, then fail where a test asked for it.
#define CALL(name, ...)                                                                        \
    pthread_mutex_lock(&gate);                                                                 \
    configure();                                                                               \
    say(name " " __VA_ARGS__);                                                                 \
    say("\n");                                                                                 \
    int planned = strcmp(fail_call, name) == 0 && fail_after-- <= 0 ? fail_code : 0;           \
    pthread_mutex_unlock(&gate);                                                               \
    if (planned) return planned;
#define NEED_INIT if (!initialized) return NOT_INITIALIZED;
#define NEED_CONTEXT if (!initialized) return NOT_INITIALIZED; if (current_context != &retained) return INVALID_CONTEXT;

static struct allocation *find(CUdeviceptr pointer, size_t bytes) {
    for (int i = 0; i < ALLOCATIONS; i++) {
        CUdeviceptr start = (CUdeviceptr)(uintptr_t)allocations[i].start;
        if (allocations[i].base && pointer >= start && pointer + bytes <= start + allocations[i].bytes) return &allocations[i];
    }
    return NULL;
}

static struct handle *make(char kind, const char *name) {
    for (int i = 0; i < HANDLES; i++)
        if (!handles[i].used) {
            memset(&handles[i], 0, sizeof handles[i]);
            handles[i].used = 1;
            handles[i].kind = kind;
            snprintf(handles[i].name, sizeof handles[i].name, "%s", name);
            return &handles[i];
        }
    return NULL;
}

static int is(struct handle *handle, char kind) {
    return handle >= handles && handle < handles + HANDLES && handle->used && handle->kind == kind;
}

static int drop(struct handle *handle, char kind) {
    if (!is(handle, kind)) return INVALID_HANDLE;
    handle->used = 0;
    return SUCCESS;
}

static int stream_known(void *stream) { return !stream || is(stream, 's'); }

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e3 + time.tv_nsec * 1e-6;
}

EXPORT int cuDriverGetVersion(int *out) { CALL("cuDriverGetVersion") *out = version; return SUCCESS; }
EXPORT int cuInit(unsigned flags) { CALL("cuInit", "flags=%u", flags) initialized = 1; return SUCCESS; }

EXPORT int cuGetErrorName(int error, const char **name) {
    switch (error) {
        case 1: *name = "CUDA_ERROR_INVALID_VALUE"; break;
        case 2: *name = "CUDA_ERROR_OUT_OF_MEMORY"; break;
        case 3: *name = "CUDA_ERROR_NOT_INITIALIZED"; break;
        case 34: *name = "CUDA_ERROR_STUB_LIBRARY"; break;
        case 100: *name = "CUDA_ERROR_NO_DEVICE"; break;
        case 101: *name = "CUDA_ERROR_INVALID_DEVICE"; break;
        case 200: *name = "CUDA_ERROR_INVALID_IMAGE"; break;
        case 201: *name = "CUDA_ERROR_INVALID_CONTEXT"; break;
        case 209: *name = "CUDA_ERROR_NO_BINARY_FOR_GPU"; break;
        case 218: *name = "CUDA_ERROR_INVALID_PTX"; break;
        case 222: *name = "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"; break;
        case 400: *name = "CUDA_ERROR_INVALID_HANDLE"; break;
        case 500: *name = "CUDA_ERROR_NOT_FOUND"; break;
        case 709: *name = "CUDA_ERROR_CONTEXT_IS_DESTROYED"; break;
        case 802: *name = "CUDA_ERROR_SYSTEM_NOT_READY"; break;
        case 700: *name = "CUDA_ERROR_ILLEGAL_ADDRESS"; break;
        case 701: *name = "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"; break;
        case 719: *name = "CUDA_ERROR_LAUNCH_FAILED"; break;
        case 803: *name = "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"; break;
        default: *name = NULL; return INVALID_VALUE;
    }
    return SUCCESS;
}

EXPORT int cuDeviceGetCount(int *count) { CALL("cuDeviceGetCount") NEED_INIT *count = devices; return SUCCESS; }

EXPORT int cuDeviceGet(int *device, int ordinal) {
    CALL("cuDeviceGet", "ordinal=%d", ordinal)
    NEED_INIT
    if (ordinal < 0 || ordinal >= devices) return INVALID_DEVICE;
    *device = 100 + ordinal;
    return SUCCESS;
}

EXPORT int cuDeviceGetName(char *name, int length, int device) {
    CALL("cuDeviceGetName", "device=%d", device)
    snprintf(name, length, "Stub GPU %d", device - 100);
    return SUCCESS;
}

EXPORT int cuDeviceTotalMem_v2(size_t *bytes, int device) {
    CALL("cuDeviceTotalMem_v2", "device=%d", device)
    *bytes = memory_limit;
    return SUCCESS;
}

EXPORT int cuDeviceGetAttribute(int *value, int attribute, int device) {
    CALL("cuDeviceGetAttribute", "attribute=%d device=%d", attribute, device)
    switch (attribute) {
        case 13: *value = 1980000; break;
        case 16: *value = 132; break;
        case 38: *value = 50 << 20; break;
        case 75: *value = architecture / 10; break;
        case 76: *value = architecture % 10; break;
        case 81: *value = 233472; break;
        case 82: *value = 65536; break;
        case 97: *value = SHARED_LIMIT; break;
        default: return INVALID_VALUE;
    }
    return SUCCESS;
}

EXPORT int cuDevicePrimaryCtxRetain(void **context, int device) {
    CALL("cuDevicePrimaryCtxRetain", "device=%d", device)
    NEED_INIT
    retained++;
    *context = &retained;
    return SUCCESS;
}

EXPORT int cuDevicePrimaryCtxRelease_v2(int device) {
    CALL("cuDevicePrimaryCtxRelease_v2", "device=%d", device)
    if (retained == 0) return INVALID_CONTEXT;
    retained--;
    return SUCCESS;
}

// Not written down: every call of ours begins with it.
EXPORT int cuCtxSetCurrent(void *context) {
    if (context && context != &retained && context != &foreign) return INVALID_CONTEXT;
    current_context = context;
    return SUCCESS;
}

EXPORT int cuCtxGetCurrent(void **context) {
    *context = current_context;
    return initialized ? SUCCESS : NOT_INITIALIZED;
}

EXPORT int cuCtxSynchronize(void) { CALL("cuCtxSynchronize") NEED_CONTEXT return SUCCESS; }

EXPORT int cuModuleLoadDataEx(void **module, const void *image, unsigned count, int *keys, void **values) {
    CALL("cuModuleLoadDataEx", "options=%u", count)
    NEED_CONTEXT
    const char *text = image;
    if (strncmp(text, "STUBCUBIN ", 10) && !strstr(text, ".version")) {
        for (unsigned i = 0; i + 1 < count; i++)
            if (keys[i] == 5 && keys[i + 1] == 6) snprintf(values[i], (size_t)values[i + 1], "stub: neither a stub cubin nor PTX");
        return INVALID_IMAGE;
    }
    *module = make('m', "");
    return *module ? SUCCESS : OUT_OF_MEMORY;
}

EXPORT int cuModuleUnload(void *module) {
    CALL("cuModuleUnload")
    for (int i = 0; i < HANDLES; i++)
        if (handles[i].used && handles[i].kind == 'f' && handles[i].context == module) handles[i].used = 0;
    return drop(module, 'm');
}

EXPORT int cuModuleGetFunction(void **function, void *module, const char *name) {
    CALL("cuModuleGetFunction", "name=%s", name)
    NEED_CONTEXT
    if (!is(module, 'm')) return INVALID_HANDLE;
    struct handle *made = make('f', name);
    if (!made) return OUT_OF_MEMORY;
    made->context = module;
    made->shared = SHARED_FREE;
    *function = made;
    return SUCCESS;
}

EXPORT int cuModuleGetGlobal_v2(CUdeviceptr *pointer, size_t *bytes, void *module, const char *name) {
    CALL("cuModuleGetGlobal_v2", "name=%s", name)
    return NOT_FOUND;
}

EXPORT int cuFuncGetAttribute(int *value, int attribute, void *function) {
    CALL("cuFuncGetAttribute", "attribute=%d", attribute)
    if (!is(function, 'f')) return INVALID_HANDLE;
    switch (attribute) {
        case 0: *value = 1024; break;
        case 1: *value = 0; break;
        case 3: *value = 0; break;
        case 4: *value = 64; break;
        default: return INVALID_VALUE;
    }
    return SUCCESS;
}

EXPORT int cuFuncSetAttribute(struct handle *function, int attribute, int value) {
    CALL("cuFuncSetAttribute", "name=%s attribute=%d value=%d", is(function, 'f') ? function->name : "?", attribute, value)
    if (!is(function, 'f')) return INVALID_HANDLE;
    if (attribute != 8 || value > SHARED_LIMIT) return INVALID_VALUE;
    function->shared = value;
    return SUCCESS;
}

EXPORT int cuMemGetInfo_v2(size_t *available, size_t *total) {
    CALL("cuMemGetInfo_v2")
    NEED_CONTEXT
    *available = memory_limit - memory_used;
    *total = memory_limit;
    return SUCCESS;
}

EXPORT int cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes) {
    CALL("cuMemAlloc_v2", "bytes=%zu", bytes)
    NEED_CONTEXT
    if (bytes == 0) return INVALID_VALUE;
    if (bytes > memory_limit - memory_used) return OUT_OF_MEMORY;
    int result = OUT_OF_MEMORY;
    pthread_mutex_lock(&gate);
    for (int i = 0; i < ALLOCATIONS && result; i++)
        if (!allocations[i].base) {
            // Fresh memory holds NaN in every format, as nothing promises zeros.
            allocations[i].base = emulator.allocate ? emulator.allocate(bytes) : malloc(bytes + 512);
            if (!allocations[i].base) break;
            uintptr_t start = (uintptr_t)allocations[i].base;
            allocations[i].start = (void *)(emulator.allocate ? start : (start + 255) & ~(uintptr_t)255);
            allocations[i].bytes = bytes;
            memset(allocations[i].start, 0xff, bytes);
            memory_used += bytes;
            *pointer = (CUdeviceptr)(uintptr_t)allocations[i].start;
            result = SUCCESS;
        }
    pthread_mutex_unlock(&gate);
    return result;
}

EXPORT int cuMemFree_v2(CUdeviceptr pointer) {
    struct allocation *known = find(pointer, 0);
    CALL("cuMemFree_v2", "bytes=%zu", known ? known->bytes : 0)
    NEED_CONTEXT
    if (!known || known->start != (void *)(uintptr_t)pointer) return INVALID_VALUE;
    memory_used -= known->bytes;
    if (emulator.release) emulator.release(known->base);
    else free(known->base);
    known->base = NULL;
    return SUCCESS;
}

EXPORT int cuMemcpyHtoDAsync_v2(CUdeviceptr destination, const void *source, size_t bytes, void *stream) {
    CALL("cuMemcpyHtoDAsync_v2", "bytes=%zu stream=%d", bytes, stream != NULL)
    NEED_CONTEXT
    if (!find(destination, bytes)) return INVALID_VALUE;
    if (!stream_known(stream)) return INVALID_HANDLE;
    memcpy((void *)(uintptr_t)destination, source, bytes);
    return SUCCESS;
}

EXPORT int cuMemcpyDtoHAsync_v2(void *destination, CUdeviceptr source, size_t bytes, void *stream) {
    CALL("cuMemcpyDtoHAsync_v2", "bytes=%zu stream=%d", bytes, stream != NULL)
    NEED_CONTEXT
    if (!find(source, bytes)) return INVALID_VALUE;
    if (!stream_known(stream)) return INVALID_HANDLE;
    memcpy(destination, (void *)(uintptr_t)source, bytes);
    return SUCCESS;
}

EXPORT int cuMemcpyDtoDAsync_v2(CUdeviceptr destination, CUdeviceptr source, size_t bytes, void *stream) {
    CALL("cuMemcpyDtoDAsync_v2", "bytes=%zu stream=%d", bytes, stream != NULL)
    NEED_CONTEXT
    if (!find(source, bytes) || !find(destination, bytes)) return INVALID_VALUE;
    if (!stream_known(stream)) return INVALID_HANDLE;
    memmove((void *)(uintptr_t)destination, (void *)(uintptr_t)source, bytes);
    return SUCCESS;
}

EXPORT int cuMemsetD8Async(CUdeviceptr destination, unsigned char value, size_t bytes, void *stream) {
    CALL("cuMemsetD8Async", "value=%d bytes=%zu stream=%d", value, bytes, stream != NULL)
    NEED_CONTEXT
    if (!find(destination, bytes)) return INVALID_VALUE;
    if (!stream_known(stream)) return INVALID_HANDLE;
    memset((void *)(uintptr_t)destination, value, bytes);
    return SUCCESS;
}

EXPORT int cuLaunchKernel(struct handle *function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY,
                          unsigned blockZ, unsigned shared, void *stream, void **parameters, void **extra) {
    char hex[2 * 64 + 1] = "";
    for (int i = 0; i < parameter_bytes && i < 64; i++) sprintf(hex + 2 * i, "%02x", ((unsigned char *)parameters[0])[i]);
    CALL("cuLaunchKernel", "name=%s grid=%ux%ux%u block=%ux%ux%u shared=%u stream=%d extra=%d parameters=%s",
         is(function, 'f') ? function->name : "?", gridX, gridY, gridZ, blockX, blockY, blockZ, shared, stream != NULL, extra != NULL, hex)
    NEED_CONTEXT
    if (!is(function, 'f') || !stream_known(stream)) return INVALID_HANDLE;
    if (named("STUB_ABORT", function->name)) abort();
    while (named("STUB_HANG", function->name)) sleep(1);
    if (!gridX || !gridY || !gridZ || gridY > 65535 || gridZ > 65535 || !blockX || blockX * blockY * blockZ > 1024) return INVALID_VALUE;
    if ((int)shared > function->shared) return INVALID_VALUE;
    for (uint32_t i = 0; emulator.count && i < emulator.count(); i++) {
        struct kernel_facts facts;
        emulator.facts(i, &facts);
        if (strcmp(facts.name, function->name)) continue;
        char message[1024] = "";
        int result = emulator.launch(function->name, gridX, gridY, gridZ, blockX, shared, parameters[0], facts.parameter_bytes, 1, 0,
                                     message, sizeof message);
        if (result) fprintf(stderr, "stub driver: %s: %s\n", function->name, message);
        return result ? 719 : SUCCESS;
    }
    return SUCCESS;
}

EXPORT int cuStreamCreate(void **stream, unsigned flags) {
    CALL("cuStreamCreate", "flags=%u", flags)
    NEED_CONTEXT
    *stream = make('s', "");
    return *stream ? SUCCESS : OUT_OF_MEMORY;
}

EXPORT int cuStreamDestroy_v2(void *stream) { CALL("cuStreamDestroy_v2") return drop(stream, 's'); }

EXPORT int cuStreamSynchronize(void *stream) {
    CALL("cuStreamSynchronize", "stream=%d", stream != NULL)
    NEED_CONTEXT
    return stream_known(stream) ? SUCCESS : INVALID_HANDLE;
}

EXPORT int cuStreamWaitEvent(void *stream, struct handle *mark, unsigned flags) {
    CALL("cuStreamWaitEvent", "stream=%d flags=%u", stream != NULL, flags)
    NEED_CONTEXT
    if (!is(mark, 'e') || !stream_known(stream)) return INVALID_HANDLE;
    return mark->time > 0 ? SUCCESS : INVALID_VALUE;
}

EXPORT int cuEventCreate(void **mark, unsigned flags) {
    CALL("cuEventCreate", "flags=%u", flags)
    NEED_CONTEXT
    *mark = make('e', "");
    return *mark ? SUCCESS : OUT_OF_MEMORY;
}

EXPORT int cuEventDestroy_v2(void *mark) { CALL("cuEventDestroy_v2") return drop(mark, 'e'); }

EXPORT int cuEventRecord(struct handle *mark, void *stream) {
    CALL("cuEventRecord", "stream=%d", stream != NULL)
    NEED_CONTEXT
    if (!is(mark, 'e') || !stream_known(stream)) return INVALID_HANDLE;
    mark->time = now();
    return SUCCESS;
}

EXPORT int cuEventSynchronize(void *mark) { CALL("cuEventSynchronize") return is(mark, 'e') ? SUCCESS : INVALID_HANDLE; }

EXPORT int cuEventElapsedTime(float *milliseconds, struct handle *start, struct handle *end) {
    CALL("cuEventElapsedTime")
    if (!is(start, 'e') || !is(end, 'e')) return INVALID_HANDLE;
    *milliseconds = (float)(end->time - start->time);
    return SUCCESS;
}

static void list(char *text, size_t bytes, unsigned count, const uint64_t *wide, const unsigned *narrow) {
    size_t at = 0;
    text[0] = 0;
    for (unsigned i = 0; i < count && at < bytes; i++)
        at += (size_t)snprintf(text + at, bytes - at, "%s%llu", i ? "," : "", wide ? (unsigned long long)wide[i] : narrow[i]);
}

EXPORT int cuTensorMapEncodeTiled(void *map, int type, unsigned rank, void *address, const uint64_t *extents, const uint64_t *strides,
                                  const unsigned *box, const unsigned *elementStrides, int interleave, int swizzle, int promotion, int fill) {
    char extent[128], stride[128], width[64], step[64];
    list(extent, sizeof extent, rank, extents, NULL);
    list(stride, sizeof stride, rank - 1, strides, NULL);
    list(width, sizeof width, rank, NULL, box);
    list(step, sizeof step, rank, NULL, elementStrides);
    CALL("cuTensorMapEncodeTiled", "type=%d rank=%u extents=%s strides=%s box=%s steps=%s interleave=%d swizzle=%d promotion=%d fill=%d", type, rank,
         extent, stride, width, step, interleave, swizzle, promotion, fill)
    if ((uintptr_t)map % 64) return INVALID_VALUE;
    memset(map, 0x5a, 128);
    if (emulator.encode_map) return emulator.encode_map(map, (uint32_t)type, rank, (uint64_t)(uintptr_t)address, extents, strides, box, (uint32_t)swizzle);
    return SUCCESS;
}

// What tests call.
EXPORT void stub_reset(void) {
    pthread_mutex_lock(&gate);
    configure();
    log_length = 0;
    if (log_text) log_text[0] = 0;
    fail_call[0] = 0;
    version = 13000;
    architecture = 90;
    devices = 1;
    parameter_bytes = 0;
    pthread_mutex_unlock(&gate);
}

// Puts a context of someone else's, or none, in the calling thread; tells whether it is still there.
EXPORT void stub_set_foreign_context(int present) { current_context = present ? &foreign : NULL; }
EXPORT int stub_has_foreign_context(void) { return current_context == &foreign; }

EXPORT const char *stub_log(void) { return log_text ? log_text : ""; }
EXPORT void stub_set_version(int value) { version = value; }
EXPORT void stub_set_architecture(int value) { architecture = value; }
EXPORT void stub_set_devices(int value) { devices = value; }
EXPORT void stub_set_parameter_bytes(int value) { parameter_bytes = value; }

EXPORT void stub_fail(const char *call, int code, int after) {
    snprintf(fail_call, sizeof fail_call, "%s", call);
    fail_code = code;
    fail_after = after;
}

// What was given and not given back: allocations, modules, streams, events and contexts.
EXPORT int stub_outstanding(void) {
    int count = retained;
    for (int i = 0; i < ALLOCATIONS; i++) count += allocations[i].base != NULL;
    for (int i = 0; i < HANDLES; i++) count += handles[i].used && handles[i].kind != 'f';
    return count;
}
