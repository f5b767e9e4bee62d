/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* Why an engine cannot work here: the word that clients act on; the message is the detail, which
 * names the file, feature or capability. */
typedef enum {
  DH_UNAVAILABLE_KERNEL_SUPPORT,
  DH_UNAVAILABLE_PERMISSION,
  DH_UNAVAILABLE_OTHER_DAMON_USER,
  DH_UNAVAILABLE_THP,
  DH_UNAVAILABLE_MEMORY_ENCRYPTION,
  DH_UNAVAILABLE_NEEDS_REBOOT,
  DH_UNAVAILABLE_NOT_DRIVEN, /* the kernel has something of the kind, but not what is known here */
} DhUnavailable;

#define DH_UNAVAILABLE (dh_unavailable_quark ())
GQuark dh_unavailable_quark (void);

/* "kernel-support-missing", "permission", …: for the property Engines, which may have any word. */
const char *dh_unavailable_to_word (DhUnavailable code);

/* The same for the property UnavailableReason, whose words are listed: "kernel-support-missing" in
 * place of a finer one. */
const char *dh_unavailable_to_reason (DhUnavailable code);
