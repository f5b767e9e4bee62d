/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "unavailable.h"

G_DEFINE_QUARK (dh_unavailable, dh_unavailable)

static const char *const words[] = {
  [DH_UNAVAILABLE_KERNEL_SUPPORT] = "kernel-support-missing",
  [DH_UNAVAILABLE_PERMISSION] = "permission",
  [DH_UNAVAILABLE_OTHER_DAMON_USER] = "other-damon-user",
  [DH_UNAVAILABLE_THP] = "thp-unsupported",
  [DH_UNAVAILABLE_MEMORY_ENCRYPTION] = "memory-encryption",
  [DH_UNAVAILABLE_NEEDS_REBOOT] = "needs-reboot",
  [DH_UNAVAILABLE_NOT_DRIVEN] = "not-driven",
};

const char *
dh_unavailable_to_word (DhUnavailable code)
{
  g_return_val_if_fail (code < G_N_ELEMENTS (words), "kernel-support-missing");

  return words[code];
}

const char *
dh_unavailable_to_reason (DhUnavailable code)
{
  return dh_unavailable_to_word (code == DH_UNAVAILABLE_NOT_DRIVEN ? DH_UNAVAILABLE_KERNEL_SUPPORT
                                                                   : code);
}
