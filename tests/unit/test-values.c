/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "values.h"

static GString *printed;

static void
on_print (const char *text)
{
  g_string_append (printed, text);
}

/* Returns: (transfer full). */
static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (NULL, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static void
test_units (void)
{
  static const struct {
    const char *details;
    const char *unit;
  } rows[] = {
    { "@a{sv} {}", "" },
    { "{'unit': <'redis-server.service'>}", "redis-server.service" },
    { "{'unit': <'user@1000.service'>, 'user-unit': <'app.service'>}", "user:app.service" },
    { "{'user-unit': <'app.service'>}", "user:app.service" },
    /* A user can name his own as he likes, and it is still his. */
    { "{'unit': <'user@1000.service'>, 'user-unit': <'sshd.service'>}", "user:sshd.service" },
    { "{'unit': <'session-1.scope'>, 'user-unit': <''>}", "session-1.scope" },
    { "{'unit': <@u 1>, 'user-unit': <true>}", "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GVariant) details = parse (rows[i].details);
    g_autofree char *unit = hctl_value_lookup_unit (details);

    g_assert_cmpstr (unit, ==, rows[i].unit);
  }
}

static void
test_sizes (void)
{
  g_autoptr (GVariant) process =
    parse ("{'anonymous-bytes': <@t 2097152>, 'hugepage-bytes': <'x'>}");
  g_autofree char *known = hctl_value_lookup_size (process, "anonymous-bytes");
  g_autofree char *odd = hctl_value_lookup_size (process, "hugepage-bytes");
  g_autofree char *absent = hctl_value_lookup_size (process, "hot-bytes");

  g_assert_cmpstr (known, ==, "2.0\302\240MiB");
  g_assert_cmpstr (odd, ==, "");
  g_assert_cmpstr (absent, ==, "");
}

static void
test_users (void)
{
  g_autofree char *root = hctl_user_to_text (0);
  g_autofree char *nobody_knows = hctl_user_to_text (4000000000u);

  g_assert_cmpstr (root, ==, "root");
  g_assert_cmpstr (nobody_knows, ==, "4000000000");
}

static void
test_rows (void)
{
  static const struct {
    const char *name;
    const char *value;
    const char *text;
  } rows[] = {
    { "quota-exceeds", "@t 3", "quota-exceeds  3\n" },
    { "ratio", "@u 5000", "ratio  5000 (50 %)\n" },
    { "engine-cpu-usec", "@t 1500", "engine-cpu-usec  1500 (1.5 ms)\n" },
    { "failures", "@a{st} {'ENOMEM': 3, 'EAGAIN': 1}", "failures.ENOMEM  3\nfailures.EAGAIN  1\n" },
    { "failures", "@a{st} {}", "" },
    { "Limits", "{'MinRegions': <(@t 3, @t 9, @t 1, @t 4)>}",
      "Limits.MinRegions  3 to 9 in steps of 1, default 4\n" },
    { "State", "'\\u001b[2J'", "State  \\x1b[2J\n" },
    { "failures", "@a{st} {'\\u001b[2J': 1}", "failures.\\x1b[2J  1\n" },
    /* Not once more. */
    { "name", "'\\\\x1b[2J'", "name  \\x1b[2J\n" },
  };
  GPrintFunc before = g_set_print_handler (on_print);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (HctlTable) table = hctl_table_new ();
    g_autoptr (GVariant) value = parse (rows[i].value);

    printed = g_string_new (NULL);
    hctl_value_add_rows (table, rows[i].name, rows[i].name, value);
    hctl_table_print (table);
    g_assert_cmpstr (printed->str, ==, rows[i].text);
    g_string_free (printed, TRUE);
  }
  g_set_print_handler (before);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/values/the-system-s-units-and-users-own", test_units);
  g_test_add_func ("/values/sizes", test_sizes);
  g_test_add_func ("/values/users", test_users);
  g_test_add_func ("/values/rows", test_rows);
  return g_test_run ();
}
