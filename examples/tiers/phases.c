// SPDX-License-Identifier: GPL-2.0
// A program that says which of its memory is far away, what must stay here, and where its phases begin.
//   cc phases.c -ldime -o phases && dime run --tier 'far: latency=60us,local=100p' --local 50% -- ./phases
// Without dime it does the same and says nothing.
#include <dime/dime.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE 4096
#define PAGES 400

static unsigned char *mapped(void)
{
	unsigned char *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return memory;
}

int main(void)
{
	unsigned char *table = mapped(), *index = mapped();
	unsigned long sum = 0;

	if (dime_place(table, PAGES * PAGE, "far") || dime_pin(index, PAGES * PAGE))
		fprintf(stderr, "phases: there is no tier 'far'\n");
	dime_mark("fill");
	for (int i = 0; i < PAGES; i++)
		table[i * PAGE] = index[i * PAGE] = (unsigned char)i;
	dime_mark("search");
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < PAGES; i++)
			sum += table[i * PAGE] + index[i * PAGE];
	dime_mark("end");
	printf("%lu\n", sum);
	return 0;
}
