/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* One range of physical addresses. */
typedef struct {
  guint64 start;
  guint64 end; /* exclusive */
} DhRamRange;

/* The System RAM of this machine by /sys/firmware/memmap under @root, whole pages, sorted,
 * neighbours joined; at most @max ranges, the largest. /proc/iomem is no source: without
 * CAP_SYS_ADMIN it shows zeros. Errors: DH_UNAVAILABLE_KERNEL_SUPPORT where nothing there names any
 * RAM. Returns: (transfer full) (element-type DhRamRange). */
GArray *dh_system_ram_read (const char *root, guint max, GError **error);
