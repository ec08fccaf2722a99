// SPDX-License-Identifier: GPL-2.0
/*
 * Compares kernel functions with what the module expects of them, by the kernel's own type information (BTF).
 *
 * A hooked function whose parameters changed would be misread silently: Linux 6.15 gave move_page_tables() one record in place
 * of seven arguments, and a module that still read seven registers lost every page that mremap() moved.
 */
#define pr_fmt(fmt) "dime: " fmt

#include <linux/btf.h>
#include <linux/err.h>
#include <linux/static_call.h>
#include <linux/string.h>
#include <linux/version.h>

#include "shim.h"
#include "signatures.h"

#define DK_PARAMETERS 8

/* A function's parameters: the struct behind each pointer, or "" where any number will do. */
struct dk_signature {
	const char *function;
	u32 least, most; /* how many there are; further ones have no influence on what is read or passed */
	const char *parameters[DK_PARAMETERS];
};

static const struct dk_signature dk_signatures[] = {
	{ "handle_mm_fault", 4, 4, { "vm_area_struct", "", "", "pt_regs" } },
	{ "flush_tlb_mm_range", 5, 5, { "mm_struct", "", "", "", "" } },
	{ "__split_huge_pmd", 4, 5, { "vm_area_struct", NULL, "", "", "folio" } },
};

static const struct dk_signature dk_move_one_by_one = { "move_page_tables", 6, 7,
							{ "vm_area_struct", "", "vm_area_struct", "", "", "", "" } };
static const struct dk_signature dk_move_by_record = { "move_page_tables", 1, 1, { "pagetable_move_control" } };

struct dk_move_arguments dk_move_arguments;

static struct btf *dk_btf_missing(void)
{
	return NULL;
}

static s32 dk_btf_find_missing(const struct btf *btf, const char *name, u8 kind)
{
	return -ENOENT;
}

static const struct btf_type *dk_btf_type_missing(const struct btf *btf, u32 id)
{
	return NULL;
}

static const char *dk_btf_name_missing(const struct btf *btf, u32 offset)
{
	return NULL;
}

DEFINE_STATIC_CALL(dk_btf_vmlinux, dk_btf_missing);
DEFINE_STATIC_CALL(dk_btf_find, dk_btf_find_missing);
DEFINE_STATIC_CALL(dk_btf_type, dk_btf_type_missing);
DEFINE_STATIC_CALL(dk_btf_name, dk_btf_name_missing);

/* The kernel's type information, or NULL where it has none. */
static const struct btf *dk_btf(void)
{
	unsigned long vmlinux = dk_symbol("bpf_get_btf_vmlinux"), find = dk_symbol("btf_find_by_name_kind");
	unsigned long type = dk_symbol("btf_type_by_id"), name = dk_symbol("btf_name_by_offset");
	const struct btf *btf;

	if (!vmlinux || !find || !type || !name)
		return NULL;
	static_call_update(dk_btf_vmlinux, (typeof(&dk_btf_missing))vmlinux);
	static_call_update(dk_btf_find, (typeof(&dk_btf_find_missing))find);
	static_call_update(dk_btf_type, (typeof(&dk_btf_type_missing))type);
	static_call_update(dk_btf_name, (typeof(&dk_btf_name_missing))name);
	btf = static_call(dk_btf_vmlinux)();
	return IS_ERR_OR_NULL(btf) ? NULL : btf;
}

/* The type without its names and qualifiers. */
static const struct btf_type *dk_plain(const struct btf *btf, u32 id)
{
	const struct btf_type *type = static_call(dk_btf_type)(btf, id);

	while (type && (BTF_INFO_KIND(type->info) == BTF_KIND_TYPEDEF || BTF_INFO_KIND(type->info) == BTF_KIND_CONST ||
			BTF_INFO_KIND(type->info) == BTF_KIND_VOLATILE))
		type = static_call(dk_btf_type)(btf, type->type);
	return type;
}

/* The struct that a parameter of type @id points to; "" for a number, "?" for anything else. */
static const char *dk_pointee(const struct btf *btf, u32 id)
{
	const struct btf_type *type = dk_plain(btf, id);

	if (!type)
		return "?";
	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_ENUM:
		return "";
	case BTF_KIND_PTR:
		type = dk_plain(btf, type->type);
		if (type && BTF_INFO_KIND(type->info) == BTF_KIND_STRUCT)
			return static_call(dk_btf_name)(btf, type->name_off);
	}
	return "?";
}

static bool dk_matches(const struct btf *btf, const struct dk_signature *signature)
{
	s32 id = static_call(dk_btf_find)(btf, signature->function, BTF_KIND_FUNC);
	const struct btf_type *type = id > 0 ? static_call(dk_btf_type)(btf, id) : NULL;
	const struct btf_param *parameters;
	u32 count, i;

	type = type ? static_call(dk_btf_type)(btf, type->type) : NULL;
	if (!type)
		return false;
	count = BTF_INFO_VLEN(type->info);
	parameters = (const struct btf_param *)(type + 1);
	if (count < signature->least || count > signature->most)
		return false;
	for (i = 0; i < count; i++)
		if (signature->parameters[i] && strcmp(dk_pointee(btf, parameters[i].type), signature->parameters[i]))
			return false;
	return true;
}

/* Where member @name of a struct lies, in bytes; -ENOENT if there is none. */
static int dk_offset(const struct btf *btf, const struct btf_type *type, const char *name)
{
	const struct btf_member *member = (const struct btf_member *)(type + 1);
	u32 i;

	for (i = 0; i < BTF_INFO_VLEN(type->info); i++, member++)
		if (!strcmp(static_call(dk_btf_name)(btf, member->name_off), name))
			return (BTF_INFO_KFLAG(type->info) ? BTF_MEMBER_BIT_OFFSET(member->offset) : member->offset) / 8;
	return -ENOENT;
}

static int dk_read_record(const struct btf *btf)
{
	s32 id = static_call(dk_btf_find)(btf, "pagetable_move_control", BTF_KIND_STRUCT);
	const struct btf_type *type = id > 0 ? static_call(dk_btf_type)(btf, id) : NULL;
	int vma, from, from_end, to;

	if (!type)
		return -ENOENT;
	vma = dk_offset(btf, type, "old");
	from = dk_offset(btf, type, "old_addr");
	from_end = dk_offset(btf, type, "old_end");
	to = dk_offset(btf, type, "new_addr");
	if (vma < 0 || from < 0 || from_end < 0 || to < 0)
		return -ENOENT;
	dk_move_arguments = (struct dk_move_arguments){ true, vma, from, from_end, to };
	return 0;
}

static int dk_refuse_function(const char *function)
{
	pr_err("%s() of this kernel has other parameters than those known: the module would misread them\n", function);
	return -EOPNOTSUPP;
}

int dk_signatures_check(void)
{
	const struct btf *btf = dk_btf();
	size_t i;

	if (!btf) {
		/* The releases up to here are known from their source. */
		if (LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0))
			return 0;
		pr_err("this kernel has no type information (CONFIG_DEBUG_INFO_BTF), so its functions cannot be checked\n");
		return -EOPNOTSUPP;
	}
	for (i = 0; i < ARRAY_SIZE(dk_signatures); i++)
		if (!dk_matches(btf, &dk_signatures[i]))
			return dk_refuse_function(dk_signatures[i].function);
	if (dk_matches(btf, &dk_move_one_by_one))
		return 0;
	if (!dk_matches(btf, &dk_move_by_record) || dk_read_record(btf))
		return dk_refuse_function("move_page_tables");
	return 0;
}
