/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "command.h"
#include "targets.h"

#include <signal.h>
#include <string.h>

/* What hugepagectl and the service refuse because of what was said. */

/* As failure.h has them; what --help promises. */
enum {
  FAILED = 1,
  USAGE = 2,
  NO_PROCESS = 5,
};

typedef struct {
  const char *words;
  const char *word; /* in the message */
} Row;

static void
assert_refused (Fixture *self, const char *user, const Row *rows, gsize n_rows, int status)
{
  g_autoptr (Standstill) standstill = standstill_new (self);

  for (gsize i = 0; i < n_rows; i++)
    hugepagectl_fails (self, user, rows[i].words, status, rows[i].word);
  assert_standstill (standstill);
}

static void
test_wrong_use (Fixture *self, gconstpointer data)
{
  static const Row rows[] = {
    { "", "No verb" },
    { "''", "no verb “”" },
    { "nonsense", "nonsense" },
    { "Status", "Status" },
    { "status extra", "hugepagectl status." },
    { "engines extra", "engines" },
    { "enable", "enable PID" },
    { "enable 1 2", "enable PID" },
    { "enable ''", "whole number" },
    { "enable self", "whole number" },
    { "enable -1", "-1" },
    { "enable -- -1", "whole number" },
    { "enable 4294967296", "4294967295" },
    { "enable 99999999999999999999999999", "whole number" },
    { "disable 4711", "disable" },
    { "list extra", "hugepagectl list." },
    { "targets extra", "hugepagectl targets." },
    { "add", "add PID" },
    { "add 1 2", "add PID" },
    { "add t1", "whole number" },
    { "add -- -1", "whole number" },
    { "add 1 --ratio=half", "percentage" },
    { "add 1 --feedback=-1", "percentage" },
    { "add 1 --ratio", "--ratio" },
    { "remove", "remove TARGET" },
    { "remove 1 2", "remove TARGET" },
    { "remove ''", "not “”" },
    { "remove poser", "process ID" },
    { "remove t-1", "hugepagectl targets" },
    { "remove /a//b", "/a//b" },
    { "remove -- -1", "-1" },
    { "remove 4294967296", "4294967296" },
    { "remove '\x1b[2J'", "\\x1b[2J" },
    { "run", "run -- CMD" },
    { "run --", "run -- CMD" },
    { "run --ratio=half -- echo it runs", "percentage" },
    { "feedback", "feedback TARGET -- CMD" },
    { "feedback 1", "feedback TARGET -- CMD" },
    { "feedback -- echo it runs", "feedback TARGET -- CMD" },
    { "feedback poser -- echo it runs", "“poser”" },
    { "stats 1 2", "stats [TARGET]" },
    { "heatmap", "heatmap TARGET" },
    { "heatmap 1 2", "heatmap TARGET" },
    { "undo poser", "“poser”" },
    { "reset Ratio", "reset" },
    { "monitor Ratio", "monitor" },
    { "get Ration", "Ration" },
    { "get Ratio ''", "property" },
    { "set", "NAME VALUE" },
    { "set Ratio", "NAME VALUE" },
    { "set Ratio 1 QuotaSize", "“QuotaSize” has no value" },
    { "set Ration 1", "Ration" },
    { "set State running", "State can only be read" },
    { "set engine bpf", "Engine can only be read" },
    { "set Ratio ''", "percentage" },
    { "set Ratio 1s", "percentage" },
    { "set Ratio -- -1", "percentage" },
    { "set Ratio 50 %", "no value" },
    { "set QuotaTimeUSec 1.5us", "microseconds" },
    { "set QuotaSize 99999999T", "bytes" },
    { "set Enabled maybe", "yes or no" },
    { "--json enable 4711", "JSON" },
    { "--json disable", "JSON" },
    { "--json set Ratio 1", "JSON" },
    { "reset --json", "JSON" },
    { "add 1 --json", "JSON" },
    { "--json remove 1", "JSON" },
    { "--json run -- echo it runs", "JSON" },
    { "feedback --json 1 -- echo it runs", "JSON" },
    { "status --all", "--all" },
    { "run --primary -- echo it runs", "--primary" },
    { "list --ascii", "--ascii" },
    { "enable 1 --ratio=50%", "--ratio" },
    { "--jason status", "--jason" },
    { "-x status", "-x" },
    { "'\x1b[2J\n'", "\\x1b[2J\\x0a" },
    { "--'\x1b[2J\n'", "\\x1b[2J\\x0a" },
    { "enable '\x1b[2J'", "\\x1b[2J" },
    { "set '\x1b[2J' 1", "\\x1b[2J" },
    { "get '\xff'", "hugepagectl" },
  };

  assert_refused (self, "root", rows, G_N_ELEMENTS (rows), USAGE);
}

/* As long as a word can be for the kernel. */
static void
test_absurdly_long_words (Fixture *self, gconstpointer data)
{
  static const char *const beginnings[] = { "", "enable ", "get ", "set Ratio " };
  g_autofree char *digits = g_strnfill (130000, '9');

  for (gsize i = 0; i < G_N_ELEMENTS (beginnings); i++) {
    g_autofree char *words = g_strconcat (beginnings[i], digits, NULL);
    g_autoptr (Outcome) outcome = hugepagectl (self, "root", words);

    assert_failure (outcome, USAGE, "");
    g_assert_cmpuint (strlen (outcome->errors), <, 2000);
  }
}

static void
test_refused_options (Fixture *self, gconstpointer data)
{
  g_autofree char *long_reason = g_strnfill (129, 'r');
  g_autofree char *long_id = g_strnfill (256, 'i');
  const struct {
    const char *option;
    const char *value;
    const char *word;
  } rows[] = {
    { "ratio", "0", "1 to 10000" },
    { "ratio", "100.01%", "1 to 10000" },
    { "feedback", "1000001", "1000000" },
    { "reason", "two\nlines", "two\\x0alines" },
    { "reason", "\x1b[2J", "\\x1b[2J" },
    { "reason", long_reason, "128" },
    { "application-id", long_id, "application-id" },
    { "application-id", "\a", "\\x07" },
  };
  const guint32 pid = fixture_process_of (self, "alice");
  g_autoptr (Standstill) standstill = standstill_new (self);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *words =
      g_strdup_printf ("add %u --%s='%s'", pid, rows[i].option, rows[i].value);
    g_autofree char *run =
      g_strdup_printf ("run --%s='%s' -- echo it runs", rows[i].option, rows[i].value);

    hugepagectl_fails (self, "root", words, FAILED, rows[i].word);
    hugepagectl_fails (self, "root", run, FAILED, rows[i].word);
  }
  assert_standstill (standstill);
}

static void
test_refused_values (Fixture *self, gconstpointer data)
{
  static const Row rows[] = {
    { "set Ratio 0", "1 to 10000" },
    { "set Ratio 100.01%", "1 to 10000" },
    { "set Feedback 1000001", "Feedback" },
    { "set QuotaTimeUSec 61s", "QuotaTimeUSec" },
    { "set QuotaSize 18446744073709551615", "QuotaSize" },
    { "set StatisticsIntervalUSec 1ms", "StatisticsIntervalUSec" },
    { "set MinRegions 20", "not supported" },
    { "enable 2147483648", "2147483648" },
    { "enable 4294967295", "4294967295" },
    { "enable 1", "process" },
    { "add 1", "process" },
  };
  guint32 thread;
  g_autofree char *words = NULL, *added = NULL;

  assert_refused (self, "root", rows, G_N_ELEMENTS (rows), FAILED);
  fixture_poser_as (self, "alice", &thread, "--thread", NULL);
  words = g_strdup_printf ("enable %u", thread);
  hugepagectl_fails (self, "root", words, FAILED, "thread");
  added = g_strdup_printf ("add %u", thread);
  hugepagectl_fails (self, "root", added, FAILED, "thread");
}

static void
test_no_such_process (Fixture *self, gconstpointer data)
{
  static const Row rows[] = {
    { "enable 0", "process" },
    { "enable 2147483647", "2147483647" },
    { "set Enabled yes", "process" },
    { "add 0", "process 0" },
    { "add 2147483647", "2147483647" },
    { "add 4294967295", "4294967295" },
    { "remove 2147483647", "2147483647 is no target" },
    { "remove 0", "0 is no target" },
    { "remove t1", "t1 is no target" },
    { "remove /org/damon/Hugepage/targets/t1", "hugepagectl targets" },
    { "remove /org/damon/Hugepage", "is no target" },
    { "feedback t1 -- echo it runs", "t1 is no target" },
    { "stats t1", "t1 is no target" },
    { "--json stats 2147483647", "2147483647 is no target" },
    { "stats", "process" },
    { "heatmap t1", "t1 is no target" },
    { "undo t1", "t1 is no target" },
    { "undo", "no primary target" },
  };
  guint32 zombie, pid;
  Child *child;
  g_autofree char *words = NULL;

  assert_refused (self, "root", rows, G_N_ELEMENTS (rows), NO_PROCESS);
  fixture_poser_as (self, "alice", &zombie, "--zombie", NULL);
  words = g_strdup_printf ("enable %u", zombie);
  hugepagectl_fails (self, "root", words, NO_PROCESS, "no process");

  child = fixture_poser_as (self, "alice", &pid, NULL);
  fixture_serve (self, pid);
  child_signal (child, SIGKILL);
  assert_property_eventually (self->connection, "State", g_variant_new_string ("target-exited"),
                              10);
  hugepagectl_fails (self, "root", "set Enabled yes", NO_PROCESS, "exited");
}

static void
add (const char *name, void (*function) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/hugepagectl-wrong-use/", name, NULL);

  g_test_add (path, Fixture, NULL, fixture_set_up_all, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("words", test_wrong_use);
  add ("absurdly-long-words", test_absurdly_long_words);
  add ("options", test_refused_options);
  add ("values", test_refused_values);
  add ("no-such-process", test_no_such_process);
  return g_test_run ();
}
