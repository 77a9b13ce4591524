#define _GNU_SOURCE
// NVRTC without a compiler: it writes down what it is given, refuses what holds "#error", and answers code that the stub driver loads.
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
enum { SUCCESS = 0, INVALID_INPUT = 3, INVALID_PROGRAM = 4, INVALID_OPTION = 5, COMPILATION = 6, BUILTINS = 7, LOG_BYTES = 1 << 20 };

struct program { char name[128]; char log[512]; char cubin[512]; int refused, compiled; };

static char log_text[LOG_BYTES];
static size_t log_length;
static int live, major = -1, minor, needs_builtins;

static void configure(void) {
    if (major >= 0) return;
    const char *text = getenv("STUB_NVRTC_VERSION");
    int version = text && *text ? atoi(text) : 13000;
    major = version / 1000;
    minor = version % 1000 / 10;
}

#define SAY(...) (log_length += (size_t)snprintf(log_text + log_length, LOG_BYTES - log_length, __VA_ARGS__))

static uint64_t hash(uint64_t seed, const char *text) {
    for (; *text; text++) seed = (seed ^ (unsigned char)*text) * 1099511628211u;
    return seed;
}

EXPORT int nvrtcVersion(int *out_major, int *out_minor) {
    configure();
    *out_major = major;
    *out_minor = minor;
    return SUCCESS;
}

EXPORT const char *nvrtcGetErrorString(int result) {
    switch (result) {
        case SUCCESS: return "NVRTC_SUCCESS";
        case INVALID_INPUT: return "NVRTC_ERROR_INVALID_INPUT";
        case INVALID_PROGRAM: return "NVRTC_ERROR_INVALID_PROGRAM";
        case INVALID_OPTION: return "NVRTC_ERROR_INVALID_OPTION";
        case BUILTINS: return "NVRTC_ERROR_BUILTIN_OPERATION_FAILURE";
        case COMPILATION: return "NVRTC_ERROR_COMPILATION";
        default: return "NVRTC_ERROR unknown";
    }
}

EXPORT int nvrtcCreateProgram(struct program **program, const char *source, const char *name, int count, const char *const *headers,
                              const char *const *names) {
    if (!source || !name || count < 0 || (count > 0 && (!headers || !names))) return INVALID_INPUT;
    SAY("nvrtcCreateProgram name=%s headers=%d", name, count);
    uint64_t sum = hash(14695981039346656037u, source);
    int refused = strstr(source, "#error") != NULL;
    for (int i = 0; i < count; i++) {
        SAY(" %s", names[i]);
        sum = hash(sum, headers[i]);
        refused |= strstr(headers[i], "#error") != NULL;
    }
    SAY("\n");
    struct program *made = calloc(1, sizeof *made);
    snprintf(made->name, sizeof made->name, "%s", name);
    snprintf(made->cubin, sizeof made->cubin, "STUBCUBIN %s %016llx", name, (unsigned long long)sum);
    made->refused = refused;
    live++;
    *program = made;
    return SUCCESS;
}

EXPORT int nvrtcCompileProgram(struct program *program, int count, const char *const *options) {
    SAY("nvrtcCompileProgram");
    int unknown = 0;
    for (int i = 0; i < count; i++) {
        SAY(" %s", options[i]);
        unknown |= strcmp(options[i], "--gpu-architecture=sm_120") == 0 && major < 13;
    }
    SAY("\n");
    if (unknown) {
        snprintf(program->log, sizeof program->log, "nvrtc: error: invalid value for --gpu-architecture (-arch)\n");
        return INVALID_OPTION;
    }
    char builtins[64];
    snprintf(builtins, sizeof builtins, "libnvrtc-builtins.so.%d.%d", major, minor);
    if (needs_builtins && !dlopen(builtins, RTLD_LAZY)) {
        snprintf(program->log, sizeof program->log, "nvrtc: error: failed to open %s.\n", builtins);
        return BUILTINS;
    }
    if (program->refused) {
        snprintf(program->log, sizeof program->log, "%s(1): error: #error directive\n1 error detected\n", program->name);
        return COMPILATION;
    }
    program->compiled = 1;
    return SUCCESS;
}

EXPORT int nvrtcGetProgramLogSize(struct program *program, size_t *bytes) { *bytes = strlen(program->log) + 1; return SUCCESS; }
EXPORT int nvrtcGetProgramLog(struct program *program, char *log) { strcpy(log, program->log); return SUCCESS; }

EXPORT int nvrtcGetCUBINSize(struct program *program, size_t *bytes) {
    if (!program->compiled) return INVALID_PROGRAM;
    *bytes = strlen(program->cubin) + 1;
    return SUCCESS;
}

EXPORT int nvrtcGetCUBIN(struct program *program, char *cubin) {
    if (!program->compiled) return INVALID_PROGRAM;
    strcpy(cubin, program->cubin);
    return SUCCESS;
}

EXPORT int nvrtcDestroyProgram(struct program **program) {
    if (!program || !*program) return INVALID_PROGRAM;
    free(*program);
    *program = NULL;
    live--;
    return SUCCESS;
}

// What tests call.
EXPORT void stub_nvrtc_reset(void) {
    log_length = 0;
    log_text[0] = 0;
    major = 13;
    minor = 0;
    needs_builtins = 0;
}

EXPORT const char *stub_nvrtc_log(void) { return log_text; }
EXPORT int stub_nvrtc_live(void) { return live; }
EXPORT void stub_nvrtc_set_version(int version) { major = version / 1000; minor = version % 1000 / 10; }
EXPORT void stub_nvrtc_need_builtins(int value) { needs_builtins = value; }
