// SPDX-License-Identifier: GPL-2.0
/* without_admin COMMAND ...: as root without CAP_SYS_ADMIN, which is what root of a container is. */
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"

int main(int argc, char **argv)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	CHECK_EQUAL(argc > 1, 1);
	CHECK_EQUAL(prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0), 0);
	CHECK_EQUAL(syscall(SYS_capget, &header, data), 0);
	data[0].effective &= ~(1u << CAP_SYS_ADMIN);
	data[0].permitted &= ~(1u << CAP_SYS_ADMIN);
	data[0].inheritable = 0;
	CHECK_EQUAL(syscall(SYS_capset, &header, data), 0);
	execvp(argv[1], argv + 1);
	return 127;
}
