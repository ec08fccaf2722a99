/* SPDX-License-Identifier: GPL-2.0 */
/* A page that was accessed since it came, or was looked at last, gets a second chance; after so many, it goes. */
#include <dime/policy.h>

struct second_chance { uint32_t oldest, youngest; uint64_t chances; };

static struct dime_policy_page *links(const struct dime_policy_host *host, uint32_t page)
{
	return host->page(host->context, page);
}

static int init(const struct dime_policy_ops *self, void *state, const struct dime_policy_host *host)
{
	struct second_chance *s = state;
	s->oldest = s->youngest = DIME_NO_PAGE;
	s->chances = host->parameters[0];
	return 0;
}

static void append(struct second_chance *s, const struct dime_policy_host *host, uint32_t page)
{
	*links(host, page) = (struct dime_policy_page){
		.next = DIME_NO_PAGE, .prev = s->youngest, .word = links(host, page)->word };
	*(s->youngest == DIME_NO_PAGE ? &s->oldest : &links(host, s->youngest)->next) = page;
	s->youngest = page;
}

static int add_page(void *state, const struct dime_policy_host *host, uint32_t page)
{
	links(host, page)->word = 0; /* the chances it has had */
	append(state, host, page);
	return 0;
}

static void remove_page(void *state, const struct dime_policy_host *host, uint32_t page)
{
	struct second_chance *s = state;
	struct dime_policy_page own = *links(host, page);
	*(own.prev == DIME_NO_PAGE ? &s->oldest : &links(host, own.prev)->next) = own.next;
	*(own.next == DIME_NO_PAGE ? &s->youngest : &links(host, own.next)->prev) = own.prev;
}

static uint32_t victim(void *state, const struct dime_policy_host *host)
{
	struct second_chance *s = state;
	for (uint32_t page; (page = s->oldest) != DIME_NO_PAGE; append(s, host, page)) {
		if (links(host, page)->word++ >= s->chances || host->test_and_clear_accessed(host->context, page) != DIME_ACCESSED_YES)
			return page;
		remove_page(s, host, page);
	}
	return DIME_NO_PAGE;
}

static void clean(void *state, const struct dime_policy_host *host) {}

static const struct dime_policy_parameter parameters[] = {
	{ "chances", "how often a page is spared", 1, 0, 100, DIME_UNIT_NUMBER } };

const struct dime_policy_ops dime_policy = {
	.name = "second-chance", .summary = "first in, first out, but for accessed pages", .abi = DIME_POLICY_ABI,
	.needs = DIME_SEES_ACCESSED, .state_bytes = sizeof(struct second_chance), .parameter_count = 1, .parameters = parameters,
	.init = init, .add_page = add_page, .remove_page = remove_page, .victim = victim, .clean = clean,
};
