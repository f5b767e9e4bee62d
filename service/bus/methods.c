/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "methods.h"

void
dh_methods_call (const DhMethod *methods, gsize n_methods, const char *name, gpointer object,
                 GVariant *parameters, GDBusMethodInvocation *invocation)
{
  for (gsize i = 0; i < n_methods; i++) {
    if (g_str_equal (methods[i].name, name)) {
      methods[i].handle (object, parameters, invocation);
      return;
    }
  }
  g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD,
                                         "No such method");
}
