/* SPDX-License-Identifier: GPL-2.0 */
/* A remote access fetches the rest of its block of pages; what the program touches then needs no prefetch of its own. */
#include <dime/prefetch.h>

static int init(const struct dime_prefetch_ops *self, void *state, const struct dime_prefetch_host *host)
{
	*(uint64_t *)state = host->parameters[0];
	return 0;
}

static uint32_t propose(void *state, const struct dime_prefetch_host *host, const struct dime_prefetch_event *event,
			uint64_t *pages, uint32_t most)
{
	uint64_t block = *(uint64_t *)state;
	uint32_t count = 0;

	if (event->why == DIME_PREFETCH_USED)
		return 0;
	for (uint64_t page = event->page + 1; page % block != 0 && count < most; page++)
		pages[count++] = page;
	return count;
}

static const struct dime_policy_parameter parameters[] = {
	{ "pages", "the size of a block", 8, 2, 64, DIME_UNIT_NUMBER } };

const struct dime_prefetch_ops dime_prefetcher = {
	.name = "next-in-block", .summary = "the rest of a block of pages", .abi = DIME_PREFETCH_ABI,
	.state_bytes = sizeof(uint64_t), .parameter_count = 1, .parameters = parameters, .init = init, .propose = propose,
};
