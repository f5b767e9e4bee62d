/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <gio/gio.h>

/* The methods of an exported object by their names. Properties.Set is one of them: GDBus would call
 * a setter without asking who calls. */

typedef struct {
  const char *name;
  /* Answers @invocation (transfer full), now or later. */
  void (*handle) (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation);
} DhMethod;

/* Answers that there is no such method where none of the @n_methods is @name. */
void dh_methods_call (const DhMethod *methods, gsize n_methods, const char *name, gpointer object,
                      GVariant *parameters, GDBusMethodInvocation *invocation);
