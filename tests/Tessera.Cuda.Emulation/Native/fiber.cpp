#include "fiber.hpp"

namespace tessera::emulation {

#if defined(__x86_64__)

extern "C" void tessera_fiber_switch(void** from, void* to);
extern "C" void tessera_fiber_begin();

// Six registers survive a call; rbx and r12 bring the entry and its argument to a new stack.
asm(R"(
    .text
    .globl tessera_fiber_switch
    .hidden tessera_fiber_switch
    .type tessera_fiber_switch, @function
tessera_fiber_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size tessera_fiber_switch, .-tessera_fiber_switch
    .globl tessera_fiber_begin
    .hidden tessera_fiber_begin
    .type tessera_fiber_begin, @function
tessera_fiber_begin:
    movq %r12, %rdi
    callq *%rbx
    ud2
    .size tessera_fiber_begin, .-tessera_fiber_begin
)");

void Fiber::prepare(unsigned char* stack, void (*entry)(void*), void* argument)
{
    void** top = reinterpret_cast<void**>(reinterpret_cast<std::uintptr_t>(stack + kStackBytes) & ~std::uintptr_t{15});
    *--top = nullptr; // keeps the stack aligned as a call would
    *--top = nullptr;
    *--top = reinterpret_cast<void*>(&tessera_fiber_begin);
    *--top = nullptr;                             // rbp
    *--top = reinterpret_cast<void*>(entry);      // rbx
    *--top = argument;                            // r12
    *--top = nullptr;                             // r13
    *--top = nullptr;                             // r14
    *--top = nullptr;                             // r15
    context_ = top;
}

void Fiber::enter(Context& scheduler) { tessera_fiber_switch(&scheduler, context_); }

void Fiber::leave(Context& scheduler) { tessera_fiber_switch(&context_, scheduler); }

#else

namespace {
void begin(unsigned int entryHigh, unsigned int entryLow, unsigned int argumentHigh, unsigned int argumentLow)
{
    const auto join = [](unsigned int high, unsigned int low) { return std::uintptr_t{high} << 32 | low; };
    reinterpret_cast<void (*)(void*)>(join(entryHigh, entryLow))(reinterpret_cast<void*>(join(argumentHigh, argumentLow)));
}
} // namespace

void Fiber::prepare(unsigned char* stack, void (*entry)(void*), void* argument)
{
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack;
    context_.uc_stack.ss_size = kStackBytes;
    context_.uc_link = nullptr;
    const auto code = reinterpret_cast<std::uintptr_t>(entry);
    const auto data = reinterpret_cast<std::uintptr_t>(argument);
    makecontext(&context_, reinterpret_cast<void (*)()>(begin), 4, static_cast<unsigned int>(code >> 32), static_cast<unsigned int>(code),
                static_cast<unsigned int>(data >> 32), static_cast<unsigned int>(data));
}

void Fiber::enter(Context& scheduler) { swapcontext(&scheduler, &context_); }

void Fiber::leave(Context& scheduler) { swapcontext(&context_, &scheduler); }

#endif

} // namespace tessera::emulation
