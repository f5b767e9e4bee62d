/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "bus/error-names.h"

#define OURS "org.damon.Hugepage.Error."
#define STANDARD "org.freedesktop.DBus.Error."

/* Not registered with g_dbus_error_register_error_domain(): GLib takes each name for one domain
 * alone, and the standard ones belong to G_DBUS_ERROR. */
static const char *const bus_names[] = {
  [DH_ERROR_NOT_AVAILABLE] = OURS "NotAvailable",
  [DH_ERROR_INVALID_VALUE] = OURS "InvalidValue",
  [DH_ERROR_NOT_SUPPORTED] = OURS "NotSupported",
  [DH_ERROR_NO_SUCH_PROCESS] = OURS "NoSuchProcess",
  [DH_ERROR_PROCESS_EXITED] = OURS "ProcessExited",
  [DH_ERROR_PROCESS_NOT_PERMITTED] = OURS "ProcessNotPermitted",
  [DH_ERROR_BUSY] = OURS "Busy",
  [DH_ERROR_CONFLICT] = OURS "Conflict",
  [DH_ERROR_LIMIT_EXCEEDED] = OURS "LimitExceeded",
  [DH_ERROR_KERNEL_REJECTED] = OURS "KernelRejected",
  [DH_ERROR_TIMEOUT] = OURS "Timeout",
  [DH_ERROR_UNKNOWN_TARGET] = OURS "UnknownTarget",
  [DH_ERROR_ALREADY_TARGET] = OURS "AlreadyTarget",
  [DH_ERROR_ACCESS_DENIED] = STANDARD "AccessDenied",
  [DH_ERROR_INTERACTION_REQUIRED] = STANDARD "InteractiveAuthorizationRequired",
  [DH_ERROR_INVALID_ARGS] = STANDARD "InvalidArgs",
};
G_STATIC_ASSERT (G_N_ELEMENTS (bus_names) == DH_N_ERRORS);

const char *
dh_error_get_bus_name (DhError code)
{
  g_return_val_if_fail ((guint) code < DH_N_ERRORS, STANDARD "Failed");

  return bus_names[code];
}

void
dh_return_error (GDBusMethodInvocation *invocation, const GError *error)
{
  const char *name = STANDARD "Failed";
  /* GDBus drops a reply that is not UTF-8, and what the C library says need not be. */
  g_autofree char *message = g_utf8_make_valid (error->message, -1);

  if (error->domain == DH_ERROR)
    name = dh_error_get_bus_name (error->code);
  g_dbus_method_invocation_return_dbus_error (invocation, name, message);
}
