/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "failure.h"

#include "print.h"

#include <gio/gio.h>

#define OURS "org.damon.Hugepage.Error."
#define SEE_PROCESSES "List the processes with: hugepagectl list"
#define SEE_TARGETS "List the targets with: hugepagectl targets"
#define SEE_UNIT "See why with: systemctl status damon-hugepaged"
#define ASK_FOR_BUS "Is dbus.service running?"
#define BUS "org.freedesktop.DBus.Error."

/* Long enough for any sentence of the service's; what is longer is not meant for people. */
#define MAX_MESSAGE_BYTES 1024

G_DEFINE_QUARK (hctl_no_bus, hctl_no_bus)

static const struct {
  const char *name; /* a name that ends in a dot stands for all that begin so */
  int exit_code;
  const char *remedy;
} failures[] = {
  { HCTL_ERROR_NOT_AVAILABLE, HCTL_EXIT_UNAVAILABLE,
    "If it stays so, see what is missing with: hugepagectl engines" },
  { OURS "InvalidValue", HCTL_EXIT_FAILED, "See what is allowed with: hugepagectl get Limits" },
  { OURS "NotSupported", HCTL_EXIT_FAILED,
    "See what the engine in use has with: hugepagectl get Engine Capabilities Limits" },
  { HCTL_ERROR_NO_SUCH_PROCESS, HCTL_EXIT_NO_PROCESS, SEE_PROCESSES },
  { OURS "ProcessExited", HCTL_EXIT_NO_PROCESS, SEE_PROCESSES },
  { HCTL_ERROR_PROCESS_NOT_PERMITTED, HCTL_EXIT_FAILED,
    "Name an ordinary process by the ID that ps(1) shows, not a thread's." },
  { HCTL_ERROR_UNKNOWN_TARGET, HCTL_EXIT_NO_PROCESS, SEE_TARGETS },
  { HCTL_ERROR_ALREADY_TARGET, HCTL_EXIT_FAILED, "See how it is served with: hugepagectl targets" },
  { OURS "Busy", HCTL_EXIT_FAILED, "Try again later, or see what is served: hugepagectl targets" },
  { OURS "Conflict", HCTL_EXIT_FAILED, "End the other user of DAMON first." },
  { OURS "LimitExceeded", HCTL_EXIT_FAILED,
    "Answer or cancel the open questions, or remove a target that is not needed." },
  { OURS "KernelRejected", HCTL_EXIT_FAILED,
    "The journal says more: journalctl -u damon-hugepaged" },
  { OURS "Timeout", HCTL_EXIT_FAILED,
    "Whether it took effect is unknown; look later with: hugepagectl status" },
  { BUS "AccessDenied", HCTL_EXIT_DENIED, NULL },
  { BUS "AuthFailed", HCTL_EXIT_DENIED, NULL },
  { BUS "InteractiveAuthorizationRequired", HCTL_EXIT_DENIED,
    "Run it without --no-ask-password, or as root." },
  { BUS "ServiceUnknown", HCTL_EXIT_UNAVAILABLE, "Install the service damon-hugepaged." },
  { BUS "NameHasNoOwner", HCTL_EXIT_UNAVAILABLE, "Install the service damon-hugepaged." },
  { BUS "Spawn.", HCTL_EXIT_UNAVAILABLE, SEE_UNIT },
  { "org.freedesktop.systemd1.", HCTL_EXIT_UNAVAILABLE, SEE_UNIT },
  { BUS "UnknownMethod", HCTL_EXIT_FAILED,
    "If the service is older than this tool, restart it: systemctl restart damon-hugepaged" },
  { BUS "NoReply", HCTL_EXIT_FAILED, SEE_UNIT },
  { BUS "Disconnected", HCTL_EXIT_UNAVAILABLE, "The system bus has ended." },
};

static const struct {
  const char *word;
  const char *remedy;
} reasons[] = {
  { "kernel-support-missing",
    "This kernel lacks what every engine needs. See what with: hugepagectl engines" },
  { "permission",
    "The service may not do its work: start it by its unit damon-hugepaged.service, and "
    "not under kernel lockdown \"confidentiality\"." },
  { "other-damon-user", "Something else uses DAMON: end it, then restart the service." },
  { "thp-unsupported", "This kernel or processor has no transparent huge pages: boot a kernel with "
                       "CONFIG_TRANSPARENT_HUGEPAGE." },
  { "memory-encryption",
    "The memory of this virtual machine is encrypted, so that nobody can watch "
    "it: use a machine without." },
  { "needs-reboot", "The kernel's interface is stuck: restart the machine." },
};

static gssize
find_failure (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (failures); i++) {
    if (g_str_has_suffix (failures[i].name, ".") ? g_str_has_prefix (name, failures[i].name)
                                                 : g_str_equal (name, failures[i].name))
      return (gssize) i;
  }
  return -1;
}

const char *
hctl_failure_get_remedy (const char *name)
{
  gssize index = find_failure (name);

  return index >= 0 ? failures[index].remedy : NULL;
}

const char *
hctl_failure_get_reason_remedy (const char *word)
{
  for (gsize i = 0; i < G_N_ELEMENTS (reasons); i++)
    if (g_str_equal (reasons[i].word, word))
      return reasons[i].remedy;
  return reasons[0].remedy;
}

void
hctl_failure_set (GError **error, const char *name, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_dbus_error_set_dbus_error (error, name, message, NULL);
}

gboolean
hctl_failure_is (const GError *error, const char *name)
{
  g_autofree char *remote = g_dbus_error_get_remote_error (error);

  return g_strcmp0 (remote, name) == 0;
}

static void
print_failure (const char *message, const char *remedy)
{
  g_autofree char *printable = hctl_make_printable (message, MAX_MESSAGE_BYTES);

  if (g_str_has_suffix (printable, "."))
    printable[strlen (printable) - 1] = '\0';
  if (remedy != NULL)
    g_printerr ("hugepagectl: %s. %s\n", printable, remedy);
  else
    g_printerr ("hugepagectl: %s.\n", printable);
}

/* Words that are no text in the user's locale are wrong, too. */
static gboolean
is_wrong_use (const GError *error)
{
  return error->domain == G_OPTION_ERROR || error->domain == G_CONVERT_ERROR;
}

/* What a call gets that was still unanswered then. */
static gboolean
is_end_of_bus (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

int
hctl_failure_get_exit_code (const GError *error)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);
  gssize index = name != NULL ? find_failure (name) : -1;

  if (is_wrong_use (error))
    return HCTL_EXIT_USAGE;
  if (error->domain == HCTL_NO_BUS || is_end_of_bus (error))
    return HCTL_EXIT_UNAVAILABLE;
  if (error->domain == G_SPAWN_ERROR)
    return error->code == G_SPAWN_ERROR_NOENT ? HCTL_EXIT_NOT_FOUND : HCTL_EXIT_NOT_EXECUTABLE;
  return index >= 0 ? failures[index].exit_code : HCTL_EXIT_FAILED;
}

/* Returns: (transfer full): @error's message for people; in @ret_remedy what to do, or NULL. */
static char *
explain (const GError *error, const char **ret_remedy)
{
  g_autoptr (GError) stripped = g_error_copy (error);
  g_autofree char *name = g_dbus_error_get_remote_error (error);

  *ret_remedy = NULL;
  g_dbus_error_strip_remote_error (stripped);
  if (is_wrong_use (error)) {
    *ret_remedy = "See: hugepagectl --help";
  } else if (error->domain == HCTL_NO_BUS) {
    *ret_remedy = ASK_FOR_BUS;
  } else if (is_end_of_bus (error)) {
    *ret_remedy = ASK_FOR_BUS;
    return g_strdup ("The system bus has ended");
  } else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)) {
    *ret_remedy = SEE_UNIT;
    return g_strdup ("The service does not answer");
  } else if (name != NULL) {
    *ret_remedy = hctl_failure_get_remedy (name);
  }
  return g_strdup (stripped->message);
}

int
hctl_failure_report (const GError *error)
{
  const char *remedy;
  g_autofree char *message = explain (error, &remedy);

  print_failure (message, remedy);
  return hctl_failure_get_exit_code (error);
}

void
hctl_failure_warn (const GError *error, const char *consequence)
{
  const char *remedy;
  g_autofree char *message = explain (error, &remedy);
  g_autofree char *whole = g_strdup_printf ("%s: %s", consequence, message);

  print_failure (whole, remedy);
}
