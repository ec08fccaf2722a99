// SPDX-License-Identifier: GPL-2.0
/*
 * Puts the wrapper before handle_mm_fault().
 *
 * ftrace calls dk_hook() at the function's entry. For a thread of a member it moves the instruction pointer to the wrapper,
 * which has the same arguments; a call that comes from the wrapper itself is let through, and so is everybody else's.
 * The table of spaces is only looked at for an empty place: a process that shares a member's place goes
 * through the wrapper, which finds out.
 */
#define pr_fmt(fmt) "dime: " fmt

#include <linux/ftrace.h>

#include "shim.h"

/* The wrapper's only call of the hooked function lies within so many bytes of its caller's start. */
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

/* Newer kernels hide the registers and rename how the pointer is set. */
#ifdef arch_ftrace_regs
#define dk_regs(fregs) (&arch_ftrace_regs(fregs)->regs)
#else
#define dk_regs(fregs) (&(fregs)->regs)
#endif
#ifdef ftrace_regs_set_instruction_pointer
#define dk_redirect(fregs, to) ftrace_regs_set_instruction_pointer(fregs, to)
#else
#define dk_redirect(fregs, to) ftrace_instruction_pointer_set(fregs, to)
#endif

static void notrace dk_hook(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			    struct ftrace_regs *fregs)
{
	struct vm_area_struct *vma = (struct vm_area_struct *)dk_regs(fregs)->di;

	if (likely(!READ_ONCE(dk_space_table[dk_space_hash(vma->vm_mm)])))
		return;
	if (parent_ip - (unsigned long)dk_kernel_handler < DK_CALLER_BYTES)
		return;
	dk_redirect(fregs, (unsigned long)dk_fault_wrapper);
}

static struct ftrace_ops dk_hook_ops = {
	.func = dk_hook,
	.flags = FTRACE_OPS_FL_IPMODIFY,
};

/* Where pages are moved within an address space (mremap): the range is read again once the move is over. */
static void notrace dk_move_hook(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
				 struct ftrace_regs *fregs)
{
	struct vm_area_struct *vma = (struct vm_area_struct *)dk_regs(fregs)->di;
	struct dk_space *space;

	if (likely(!READ_ONCE(dk_space_table[dk_space_hash(vma->vm_mm)])))
		return;
	space = dk_space_get(vma->vm_mm);
	if (!space)
		return;
	space->moved_to = dk_regs(fregs)->cx;
	space->moved_bytes = dk_regs(fregs)->r8;
	WRITE_ONCE(space->moving, current);
	dk_space_put(space);
}

static struct ftrace_ops dk_move_ops = {
	.func = dk_move_hook,
	.flags = FTRACE_OPS_FL_RECURSION,
};

static int dk_place(struct ftrace_ops *ops, char *function)
{
	int err = ftrace_set_filter(ops, function, strlen(function), 1);

	if (!err)
		err = register_ftrace_function(ops);
	if (err)
		pr_err("cannot hook %s (error %d): is it live-patched, or is ftrace off?\n", function, err);
	return err;
}

int dk_hook_get(void)
{
	int err;

	if (dk_hook_users++)
		return 0;
	err = dk_place(&dk_hook_ops, "handle_mm_fault");
	if (!err) {
		err = dk_place(&dk_move_ops, "move_page_tables");
		if (err)
			unregister_ftrace_function(&dk_hook_ops);
	}
	if (err)
		dk_hook_users--;
	return err;
}

void dk_hook_put(void)
{
	if (--dk_hook_users)
		return;
	unregister_ftrace_function(&dk_move_ops);
	unregister_ftrace_function(&dk_hook_ops);
}
