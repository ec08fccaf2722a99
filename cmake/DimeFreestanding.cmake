# SPDX-License-Identifier: GPL-2.0
# dime_freestanding(TARGET): compile without the C++ run-time and the C library: for code that runs inside the target process or
# the kernel. No stack protector and no thread-locals, because the agent's thread has no TLS of its own. No vector registers,
# because the hook of a system call must leave them as they are, and no red zone, because system calls are made by a call.
function(dime_freestanding target)
  target_compile_options(${target} PRIVATE
    -ffreestanding -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-use-cxa-atexit
    -fno-stack-protector -fno-asynchronous-unwind-tables -fvisibility=hidden -fPIC
    -mgeneral-regs-only -mno-red-zone)
endfunction()
