// SPDX-License-Identifier: GPL-2.0
/*
 * Puts wrappers before handle_mm_fault() and before the system call prctl.
 *
 * ftrace's direct call makes the function begin with a call of dk_gate, a few instructions that every fault of the machine
 * pays. For a thread of a member the gate exchanges its return address for the wrapper, which has the same arguments; a call
 * that comes from the wrapper itself is let through, and so is everybody else's. The table of spaces is
 * only looked at for an empty place: a process that shares a member's place goes through the wrapper, which finds out.
 *
 * prctl is rare, so ftrace's own callback decides there, and continues in the wrapper by changing where it returns to.
 */
#define pr_fmt(fmt) "dime: " fmt

#include <linux/ftrace.h>
#include <linux/thread_info.h>
#include <asm/ibt.h>
#include <asm/linkage.h>

#include "shim.h"
#include "signatures.h"

/* A wrapper's only call of the hooked function lies within so many bytes of its caller's start. */
#define DK_CALLER_BYTES 64

static int dk_hook_users;

/* Calls the function behind the hook. Its own frame, and nothing behind the call, tells dk_hook() who calls. */
noinline vm_fault_t dk_kernel_handler(struct vm_area_struct *vma, unsigned long address, unsigned int flags,
				      struct pt_regs *regs)
{
	vm_fault_t result = handle_mm_fault(vma, address, flags, regs);

	/* Keeps the compiler from turning the call into a jump, which would hide us. */
	barrier();
	return result;
}

void dk_gate(void);

/*
 * The gate. On entry the stack holds the return into handle_mm_fault(), and behind that the return to its caller. Free are
 * the registers that hold neither an argument nor anything that the caller wants back. It stands in a function because
 * only there can it be given numbers of the compiler's.
 */
static void __used dk_gate_template(void)
{
	asm(".pushsection .text.dk_gate, \"ax\"\n\t"
	    /* With CONFIG_DYNAMIC_FTRACE_WITH_JMP (6.19), bit 0 of the address would tell ftrace to jump, not to call. */
	    ".balign 16\n"
	    ".globl dk_gate\n"
	    ".type dk_gate, @function\n"
	    "dk_gate:\n\t" ASM_ENDBR
	    "movq %c[mm](%%rdi), %%rax\n\t"
	    "movabsq %[ratio], %%r10\n\t"
	    "imulq %%r10, %%rax\n\t"
	    "shrq %[shift], %%rax\n\t"
	    "cmpq $0, dk_space_table(, %%rax, 8)\n\t"
	    "je 1f\n\t"
	    "movq 8(%%rsp), %%rax\n\t"
	    "subq $dk_kernel_handler, %%rax\n\t"
	    "cmpq %[bytes], %%rax\n\t"
	    "jb 1f\n\t"
	    "movq $dk_fault_wrapper, (%%rsp)\n"
	    "1:\t" ASM_RET
	    ".size dk_gate, .-dk_gate\n"
	    ".popsection"
	    :
	    : [mm] "i"(offsetof(struct vm_area_struct, vm_mm)), [ratio] "i"(GOLDEN_RATIO_64),
	      [shift] "i"(64 - DK_SPACE_BITS), [bytes] "i"(DK_CALLER_BYTES));
}

static struct ftrace_ops dk_hook_ops;

struct dk_move {
	const struct vm_area_struct *vma;
	unsigned long from, to, bytes;
};

/* What move_page_tables() was called with. */
static __always_inline struct dk_move dk_read_move(const struct pt_regs *regs)
{
	const struct dk_move_arguments *a = &dk_move_arguments;
	const char *record = (const char *)regs->di;
	unsigned long from;

	if (!a->by_record)
		return (struct dk_move){ (const struct vm_area_struct *)regs->di, regs->si, regs->cx, regs->r8 };
	from = *(const unsigned long *)(record + a->from);
	return (struct dk_move){ *(struct vm_area_struct *const *)(record + a->vma), from,
				 *(const unsigned long *)(record + a->to),
				 *(const unsigned long *)(record + a->from_end) - from };
}

/* Where pages are moved within an address space (mremap): the range is read again once the move is over. */
static void notrace dk_move_hook(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
				 struct ftrace_regs *fregs)
{
	const struct pt_regs *regs = dk_regs(fregs);
	struct dk_move move = dk_read_move(regs);
	struct dk_space *space;

	if (likely(!READ_ONCE(dk_space_table[dk_space_hash(move.vma->vm_mm)])))
		return;
	space = dk_space_get(move.vma->vm_mm);
	if (!space)
		return;
	space->moved_from = move.from;
	space->moved_to = move.to;
	space->moved_bytes = move.bytes;
	WRITE_ONCE(space->moving, current);
	dk_space_put(space);
}

static struct ftrace_ops dk_move_ops = {
	.func = dk_move_hook,
	.flags = FTRACE_OPS_FL_RECURSION,
};

/* As dk_kernel_handler(). Each entry has its own form of the arguments, so each is called by what came through it. */
static noinline long dk_kernel_prctl_64(const struct pt_regs *regs)
{
	long result = static_call(dk_prctl)(regs);

	barrier();
	return result;
}

static noinline long dk_kernel_prctl_ia32(const struct pt_regs *regs)
{
	long result = static_call(dk_prctl_ia32)(regs);

	barrier();
	return result;
}

long dk_kernel_prctl(const struct pt_regs *regs)
{
	return in_ia32_syscall() ? dk_kernel_prctl_ia32(regs) : dk_kernel_prctl_64(regs);
}

static __always_inline bool dk_calls(unsigned long parent_ip, const void *caller)
{
	return parent_ip - (unsigned long)caller < DK_CALLER_BYTES;
}

/* The system call's function has one argument: the registers that the program came with. */
static void notrace dk_prctl_hook(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
				  struct ftrace_regs *fregs)
{
	const struct pt_regs *regs = (const struct pt_regs *)dk_regs(fregs)->di;
	bool ia32 = in_ia32_syscall();

	if (!dk_hints_wants(ia32 ? regs->bx : regs->di, ia32 ? (u32)regs->cx : regs->si))
		return;
	if (!current->mm || !READ_ONCE(dk_space_table[dk_space_hash(current->mm)]))
		return;
	if (dk_calls(parent_ip, dk_kernel_prctl_64) || dk_calls(parent_ip, dk_kernel_prctl_ia32))
		return;
	dk_regs(fregs)->ip = (unsigned long)dk_prctl_wrapper;
}

static struct ftrace_ops dk_prctl_ops = {
	.func = dk_prctl_hook,
	.flags = FTRACE_OPS_FL_RECURSION | FTRACE_OPS_FL_IPMODIFY,
};

/* The entry for 32-bit programs, if the kernel has one. */
static int dk_filter_prctl_ia32(void)
{
#ifdef CONFIG_IA32_EMULATION
	static char function[] = "__ia32_sys_prctl";

	return ftrace_set_filter(&dk_prctl_ops, function, strlen(function), 0);
#else
	return 0;
#endif
}

static int dk_place(struct ftrace_ops *ops, char *function, bool direct)
{
	int err = ftrace_set_filter(ops, function, strlen(function), 1);

	if (!err && ops == &dk_prctl_ops)
		err = dk_filter_prctl_ia32();
	if (!err)
		err = direct ? dk_register_direct(ops, (unsigned long)dk_gate) : register_ftrace_function(ops);
	if (err)
		pr_err("cannot hook %s (error %d): is ftrace off, or a BPF program (fentry) attached to it?\n", function,
		       err);
	return err;
}

static void dk_take_away(void)
{
	dk_unregister_direct(&dk_hook_ops, (unsigned long)dk_gate);
}

int dk_hook_get(void)
{
	int err;

	if (dk_hook_users++)
		return 0;
	err = dk_place(&dk_hook_ops, "handle_mm_fault", true);
	if (!err) {
		err = dk_place(&dk_move_ops, "move_page_tables", false);
		if (err)
			dk_take_away();
	}
	if (!err) {
		err = dk_place(&dk_prctl_ops, "__x64_sys_prctl", false);
		if (err) {
			unregister_ftrace_function(&dk_move_ops);
			dk_take_away();
		}
	}
	if (err)
		dk_hook_users--;
	return err;
}

void dk_hook_put(void)
{
	if (--dk_hook_users)
		return;
	unregister_ftrace_function(&dk_prctl_ops);
	unregister_ftrace_function(&dk_move_ops);
	dk_take_away();
}
