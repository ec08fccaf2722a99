// SPDX-License-Identifier: GPL-2.0
/*
 * Memory for the core.
 *
 * The core asks for memory under the instance's spinlock. A small block comes from kmalloc with GFP_ATOMIC; what cannot be
 * had is noted in `wanted`, the core fails and stays consistent, and the caller obtains a block of that size outside the
 * lock (dk_instance_serve_heap) and asks again. Blocks that the core gives back wait in `retired`, because large ones come
 * from vmalloc and cannot be freed under the lock. Each block has a header in front, which keeps it aligned to 16 bytes.
 */
#include <linux/slab.h>

#include "shim.h"

struct dk_block {
	struct list_head node;
	u64 bytes;
	u64 reserved;
};

static_assert(sizeof(struct dk_block) % 16 == 0);

/* Above this, atomic allocations fail too often to be worth the try. */
#define DK_ATOMIC_BYTES (4 * PAGE_SIZE)

void dk_heap_init(struct dk_heap *heap)
{
	INIT_LIST_HEAD(&heap->reserve);
	INIT_LIST_HEAD(&heap->retired);
	heap->wanted = 0;
	heap->pending = false;
}

void *dk_shim_allocate(struct dk_instance *instance, uint64_t bytes)
{
	struct dk_heap *heap = &instance->heap;
	struct dk_block *block;

	list_for_each_entry(block, &heap->reserve, node) {
		if (block->bytes == bytes) {
			list_del(&block->node);
			return block + 1;
		}
	}
	block = NULL;
	if (bytes <= DK_ATOMIC_BYTES)
		block = kzalloc(sizeof(*block) + bytes, GFP_ATOMIC | __GFP_NOWARN);
	if (!block) {
		WRITE_ONCE(heap->wanted, bytes);
		WRITE_ONCE(heap->pending, true);
		return NULL;
	}
	block->bytes = bytes;
	return block + 1;
}

void dk_shim_release(struct dk_instance *instance, void *memory, uint64_t bytes)
{
	struct dk_block *block = (struct dk_block *)memory - 1;

	list_add(&block->node, &instance->heap.retired);
	WRITE_ONCE(instance->heap.pending, true);
}

static void dk_free_list(struct list_head *list)
{
	struct dk_block *block, *next;

	list_for_each_entry_safe(block, next, list, node)
		kvfree(block);
}

bool dk_instance_serve_heap(struct dk_instance *instance, gfp_t gfp)
{
	struct dk_heap *heap = &instance->heap;
	struct dk_block *block = NULL;
	LIST_HEAD(retired);
	u64 wanted = READ_ONCE(heap->wanted);

	if (wanted)
		block = gfpflags_allow_blocking(gfp) ? kvzalloc(sizeof(*block) + wanted, gfp | __GFP_ACCOUNT) :
						       kzalloc(sizeof(*block) + wanted, gfp | __GFP_ACCOUNT);
	spin_lock(&instance->lock);
	/* Under other locks of the kernel nothing is freed: vfree() may sleep. */
	if (gfpflags_allow_blocking(gfp))
		list_splice_init(&heap->retired, &retired);
	heap->wanted = 0;
	WRITE_ONCE(heap->pending, !list_empty(&heap->retired));
	if (block) {
		block->bytes = wanted;
		list_add(&block->node, &heap->reserve);
	}
	spin_unlock(&instance->lock);
	dk_free_list(&retired);
	return !wanted || block;
}

void dk_heap_destroy(struct dk_heap *heap)
{
	dk_free_list(&heap->retired);
	dk_free_list(&heap->reserve);
}
