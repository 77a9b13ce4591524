// A thread of the emulated device: a stack of its own and a switch that saves what the calling convention keeps.
#pragma once
#include <cstddef>
#include <cstdint>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace tessera::emulation {

#if defined(__x86_64__)
using Context = void*;
#else
using Context = ucontext_t;
#endif

class Fiber {
public:
    static constexpr std::size_t kStackBytes = 128 * 1024;

    // Begins at entry(argument) when first entered. entry must not return.
    void prepare(unsigned char* stack, void (*entry)(void*), void* argument);

    // From the scheduler into the fiber, and back.
    void enter(Context& scheduler);
    void leave(Context& scheduler);

private:
    Context context_{};
};

} // namespace tessera::emulation
