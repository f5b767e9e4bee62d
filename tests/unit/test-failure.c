/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "failure.h"

#include <gio/gio.h>

#define SERVICE "org.damon.Hugepage.Error."
#define BUS "org.freedesktop.DBus.Error."

static GString *told;

static void
on_printerr (const char *text)
{
  g_string_append (told, text);
}

/* Reports @error, which is consumed. Returns: (transfer full): what was told on stderr. */
static char *
report (GError *error, int exit_code)
{
  GPrintFunc before = g_set_printerr_handler (on_printerr);

  told = g_string_new (NULL);
  g_assert_cmpint (hctl_failure_report (error), ==, exit_code);
  g_assert_cmpint (hctl_failure_get_exit_code (error), ==, exit_code);
  g_set_printerr_handler (before);
  g_error_free (error);
  return g_string_free (g_steal_pointer (&told), FALSE);
}

/* The exit codes that --help promises, for every error of the service and those of the bus that
 * callers meet. */
static void
test_remote_errors (void)
{
  static const struct {
    const char *name;
    int exit_code;
    const char *remedy;
  } rows[] = {
    { SERVICE "NotAvailable", 4, "If it stays so, see what is missing with: hugepagectl engines" },
    { SERVICE "InvalidValue", 1, "hugepagectl get Limits" },
    { SERVICE "NotSupported", 1, "hugepagectl get Engine Capabilities Limits" },
    { SERVICE "NoSuchProcess", 5, "hugepagectl list" },
    { SERVICE "ProcessExited", 5, "hugepagectl list" },
    { SERVICE "ProcessNotPermitted", 1, "ordinary process" },
    { SERVICE "UnknownTarget", 5, "hugepagectl targets" },
    { SERVICE "AlreadyTarget", 1, "hugepagectl targets" },
    { SERVICE "Busy", 1, "Try again" },
    { SERVICE "Conflict", 1, "End the other user" },
    { SERVICE "LimitExceeded", 1, "open questions, or remove a target" },
    { SERVICE "KernelRejected", 1, "journalctl" },
    { SERVICE "Timeout", 1, "unknown" },
    { SERVICE "Unheard", 1, NULL },
    { BUS "AccessDenied", 3, NULL },
    { BUS "InteractiveAuthorizationRequired", 3, "--no-ask-password" },
    { BUS "InvalidArgs", 1, NULL },
    { BUS "UnknownMethod", 1, "restart" },
    { BUS "ServiceUnknown", 4, "Install" },
    { BUS "NameHasNoOwner", 4, "Install" },
    { BUS "Spawn.ChildExited", 4, "systemctl status" },
    { BUS "Disconnected", 4, "system bus" },
    { BUS "NoReply", 1, "systemctl status" },
    { "org.freedesktop.systemd1.NoSuchUnit", 4, "systemctl status" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *text =
      report (g_dbus_error_new_for_dbus_error (rows[i].name, "It is so"), rows[i].exit_code);

    g_assert_true (g_str_has_prefix (text, "hugepagectl: It is so."));
    g_assert_cmpstr (strchr (text, '\n'), ==, "\n");
    g_assert_null (strstr (text, "GDBus.Error"));
    if (rows[i].remedy != NULL)
      g_assert_nonnull (strstr (text, rows[i].remedy));
    else
      g_assert_cmpstr (text, ==, "hugepagectl: It is so.\n");
  }
}

static void
test_local_errors (void)
{
  static const struct {
    int code;
    int exit_code;
    const char *text;
  } rows[] = {
    { G_IO_ERROR_TIMED_OUT, 1, "hugepagectl: The service does not answer. See why" },
    { G_IO_ERROR_CLOSED, 4, "hugepagectl: The system bus has ended. Is dbus.service" },
    { G_IO_ERROR_FAILED, 1, "hugepagectl: It is so.\n" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *text =
      report (g_error_new_literal (G_IO_ERROR, rows[i].code, "It is so"), rows[i].exit_code);

    g_assert_true (g_str_has_prefix (text, rows[i].text));
  }
}

static void
test_own_errors (void)
{
  g_autofree char *usage =
    report (g_error_new_literal (G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "It is so"), 2);
  g_autofree char *no_text =
    report (g_error_new_literal (G_CONVERT_ERROR, G_CONVERT_ERROR_ILLEGAL_SEQUENCE, "It is so"), 2);
  g_autofree char *no_bus = report (g_error_new_literal (HCTL_NO_BUS, 0, "It is so"), 4);

  g_assert_cmpstr (usage, ==, "hugepagectl: It is so. See: hugepagectl --help\n");
  g_assert_cmpstr (no_text, ==, usage);
  g_assert_cmpstr (no_bus, ==, "hugepagectl: It is so. Is dbus.service running?\n");
}

/* Whoever owns the name can say what he likes. */
static void
test_foreign_message_is_harmless (void)
{
  g_autofree char *message = g_strnfill (1 << 20, 'x');
  g_autofree char *text = NULL;

  memcpy (message, "\x1b]0;\a\r\n%s\xff", 10);
  text = report (g_dbus_error_new_for_dbus_error (BUS "Failed", message), 1);
  g_assert_true (g_str_has_prefix (text, "hugepagectl: \\x1b]0;\\x07\\x0d\\x0a%s\\xffx"));
  g_assert_cmpuint (strlen (text), <, 2048);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_cmpstr (strchr (text, '\n'), ==, "\n");
}

static void
test_one_full_stop (void)
{
  g_autofree char *text =
    report (g_dbus_error_new_for_dbus_error (SERVICE "NotAvailable", "It is so."), 4);
  g_autofree char *empty = report (g_dbus_error_new_for_dbus_error (BUS "Failed", ""), 1);

  g_assert_true (g_str_has_prefix (text, "hugepagectl: It is so. If"));
  g_assert_cmpstr (strchr (empty, '\n'), ==, "\n");
}

static void
test_every_reason_has_a_remedy (void)
{
  static const char *const words[] = { "kernel-support-missing", "permission",
                                       "other-damon-user",       "thp-unsupported",
                                       "memory-encryption",      "needs-reboot" };
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    g_assert_true (g_hash_table_add (seen, (gpointer) hctl_failure_get_reason_remedy (words[i])));
  /* Clients treat unknown words so. */
  g_assert_cmpstr (hctl_failure_get_reason_remedy ("unheard-of"), ==,
                   hctl_failure_get_reason_remedy ("kernel-support-missing"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/failure/remote-errors", test_remote_errors);
  g_test_add_func ("/failure/local-errors", test_local_errors);
  g_test_add_func ("/failure/own-errors", test_own_errors);
  g_test_add_func ("/failure/foreign-message-is-harmless", test_foreign_message_is_harmless);
  g_test_add_func ("/failure/one-full-stop", test_one_full_stop);
  g_test_add_func ("/failure/every-reason-has-a-remedy", test_every_reason_has_a_remedy);
  return g_test_run ();
}
