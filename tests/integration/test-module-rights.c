/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-case.h"

#include <signal.h>
#include <string.h>

/* What alice needs for a change, as things stand: with all but one of these actions she is refused,
 * and nothing is written to the kernel; with just these she is not. One machine for all rows. */

#define SECONDS 10

static ModuleCase machine;
static GDBusConnection *alice;
static Child *target;       /* (nullable): of the row before */
static guint32 own, others; /* to be set instead */

#define QUICK                                                                                      \
  "[Defaults module]\nSampleIntervalUSec=1000\nAggregationIntervalUSec=5000\n"                     \
  "QuotaResetIntervalUSec=10000\nMinAgeUSec=10000\n"

typedef enum {
  NOTHING,
  OURS_OWN, /* hers, served by the service */
  OURS_OTHERS,
  OURS_OWN_EXITED,
  OURS_OTHERS_EXITED,
  THEIRS_OWN, /* hers, enabled in the files by somebody else */
  THEIRS_OTHERS,
  THEIRS_OWN_EXITED,
  THEIRS_OTHERS_EXITED,
} Before;

typedef struct {
  const char *name;
  Before before;
  const char *call;  /* a method, or settings for Configure, OWN and OTHERS being PIDs */
  const char *needs; /* without org.damon.Hugepage. */
} Row;

#define ANY "target-any"
#define OWN "target-own"
#define TUNE "tune"

/* Where own processes are what one may have served. */
static const Row rows_where_own_suffices[] = {
  { "serve-own", NOTHING, "{'Pid': <OWN>, 'Enabled': <true>}", OWN },
  { "serve-others", NOTHING, "{'Pid': <OTHERS>}", ANY },
  { "ratio-of-none", NOTHING, "{'Ratio': <@u 5>}", TUNE },
  { "serve-own-with-ratio", NOTHING, "{'Pid': <OWN>, 'Ratio': <@u 1000>}", OWN },
  { "serve-own-with-high-ratio", NOTHING, "{'Pid': <OWN>, 'Ratio': <@u 1001>}", OWN " " TUNE },
  { "ratio", OURS_OWN, "{'Ratio': <@u 1000>}", OWN },
  { "high-ratio", OURS_OWN, "{'Ratio': <@u 1001>}", OWN " " TUNE },
  { "feedback", OURS_OWN, "{'Feedback': <@u 1000000>}", OWN },
  { "size", OURS_OWN, "{'QuotaSize': <@t 4096>}", TUNE },
  { "reset", OURS_OWN, "Reset", TUNE },
  { "off", OURS_OWN, "{'Enabled': <false>}", OWN },
  { "hand-over", OURS_OWN, "{'Pid': <OTHERS>}", ANY },
  { "see", OURS_OWN, "GetStatistics", "" },
  { "ratio-of-others", OURS_OTHERS, "{'Ratio': <@u 5>}", ANY },
  { "take-over", OURS_OTHERS, "{'Pid': <OWN>}", ANY },
  { "ratio-after-exit", OURS_OWN_EXITED, "{'Ratio': <@u 1000>}", OWN },
  { "ratio-after-exit-of-others", OURS_OTHERS_EXITED, "{'Ratio': <@u 5>}", TUNE },
  { "serve-after-exit-of-others", OURS_OTHERS_EXITED, "{'Pid': <OWN>}", OWN },
  { "theirs-ratio", THEIRS_OWN, "{'Ratio': <@u 5>}", ANY },
  { "theirs-high-ratio", THEIRS_OWN, "{'Ratio': <@u 1001>}", ANY " " TUNE },
  { "theirs-feedback", THEIRS_OWN, "{'Feedback': <@u 5>}", ANY },
  { "theirs-size", THEIRS_OWN, "{'QuotaSize': <@t 4096>}", ANY " " TUNE },
  { "theirs-reset", THEIRS_OWN, "Reset", ANY " " TUNE },
  { "theirs-off", THEIRS_OWN, "{'Enabled': <false>}", ANY },
  { "theirs-away", THEIRS_OWN, "{'Pid': <@u 0>}", ANY },
  { "theirs-replaced", THEIRS_OWN, "{'Pid': <OWN>, 'Enabled': <true>}", ANY },
  { "theirs-seen", THEIRS_OWN, "GetStatistics", "" },
  { "theirs-of-others-ratio", THEIRS_OTHERS, "{'Ratio': <@u 5>}", ANY },
  { "theirs-of-others-seen", THEIRS_OTHERS, "GetStatistics", "inspect" },
  { "theirs-after-exit-serve", THEIRS_OWN_EXITED, "{'Pid': <OWN>}", OWN },
  { "theirs-after-exit-of-others-serve", THEIRS_OTHERS_EXITED, "{'Pid': <OWN>}", OWN },
  { "theirs-after-exit-of-others-ratio", THEIRS_OTHERS_EXITED, "{'Ratio': <@u 5>}", TUNE },
};

/* Where the administrator says nothing of the kind. */
static const Row rows[] = {
  { "serve-own", NOTHING, "{'Pid': <OWN>, 'Enabled': <true>}", ANY },
  { "serve-own-with-high-ratio", NOTHING, "{'Pid': <OWN>, 'Ratio': <@u 1001>}", ANY " " TUNE },
  { "ratio", OURS_OWN, "{'Ratio': <@u 5>}", ANY },
  { "high-ratio", OURS_OWN, "{'Ratio': <@u 1001>}", ANY " " TUNE },
  { "size", OURS_OWN, "{'QuotaSize': <@t 4096>}", TUNE },
  { "off", OURS_OWN, "{'Enabled': <false>}", ANY },
  { "see", OURS_OWN, "GetStatistics", "" },
  { "ratio-after-exit", OURS_OWN_EXITED, "{'Ratio': <@u 5>}", TUNE },
  { "serve-after-exit", OURS_OWN_EXITED, "{'Pid': <OWN>}", ANY },
  { "theirs-ratio", THEIRS_OWN, "{'Ratio': <@u 5>}", ANY },
  { "theirs-reset", THEIRS_OWN, "Reset", ANY " " TUNE },
};

/* Those of @actions but @except, and what implies that. */
static void
allow_alice (const char *actions, const char *except)
{
  g_autofree char *text = g_strdup_printf (
    "polkit.addRule (function (action, subject) {\n"
    "  var name = action.id.replace ('org.damon.Hugepage.', '');\n"
    "  if (subject.user != 'alice' || name == action.id)\n"
    "    return polkit.Result.NOT_HANDLED;\n"
    "  if (name == '%s' || ('%s' == 'target-own' && name == 'target-any'))\n"
    "    return polkit.Result.NO;\n"
    "  return '%s'.split (' ').indexOf (name) >= 0 ? polkit.Result.YES : polkit.Result.NO;\n"
    "});\n",
    except, except, actions);

  fixture_polkit_rules (&machine.fixture, text);
}

static void
end_theirs (void)
{
  g_autofree char *enabled = kernel_model_read (machine.model, "enabled");

  if (g_str_equal (enabled, "Y"))
    kernel_model_set (machine.model, "enabled", "N\n");
}

static gboolean
is_off (gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) enabled = get_property (machine.fixture.connection, "Enabled", &error);

  return !g_variant_get_boolean (enabled);
}

static void
end_target (void)
{
  if (!target)
    return;
  child_signal (target, SIGKILL);
  g_assert_true (child_wait (target, SECONDS, NULL));
  target = NULL;
}

static void
make_target (Before before)
{
  const gboolean is_own = before == OURS_OWN || before == OURS_OWN_EXITED || before == THEIRS_OWN
                          || before == THEIRS_OWN_EXITED;
  const gboolean exited = before == OURS_OWN_EXITED || before == OURS_OTHERS_EXITED
                          || before == THEIRS_OWN_EXITED || before == THEIRS_OTHERS_EXITED;
  guint32 pid;

  module_case_configure (&machine, "{'Enabled': <false>, 'Pid': <@u 0>}");
  end_theirs ();
  g_assert_true (wait_until (is_off, NULL, SECONDS));
  end_target ();
  if (before == NOTHING)
    return;
  target = fixture_poser_as (&machine.fixture, is_own ? "alice" : "bob", &pid, NULL);
  if (before < THEIRS_OWN)
    module_case_serve (&machine, pid, "");
  else
    module_case_begin_foreign (&machine, pid);
  module_case_wait_state (&machine, "running", SECONDS);
  if (!exited)
    return;
  end_target ();
  module_case_wait_state (&machine, "target-exited", SECONDS);
}

static char *
name_processes (const char *call)
{
  g_autofree char *own_text = g_strdup_printf ("<@u %u>", own);
  g_autofree char *others_text = g_strdup_printf ("<@u %u>", others);
  g_autoptr (GString) text = g_string_new (call);

  g_string_replace (text, "<OWN>", own_text, 0);
  g_string_replace (text, "<OTHERS>", others_text, 0);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
make_call (const char *call, GError **error)
{
  if (call[0] == '{')
    configure (alice, call, CALL_PLAIN, error);
  else
    g_clear_pointer (&(GVariant *){ call_method (alice, call, NULL, CALL_PLAIN, error) },
                     g_variant_unref);
}

static void
assert_refused (const char *call, const char *action)
{
  g_autofree char *id = g_strconcat ("org.damon.Hugepage.", action, NULL);
  g_autoptr (Standstill) standstill = NULL;
  g_autoptr (GError) error = NULL;

  allow_alice (OWN " " ANY " " TUNE " inspect manage-targets", action);
  kernel_model_command (machine.model, "clear-log");
  standstill = standstill_new (&machine.fixture);
  make_call (call, &error);
  g_assert_nonnull (error);
  if (!strstr (error->message, id))
    g_error ("%s names another action than %s", error->message, id);
  assert_error_name (error, BUS_ERROR "AccessDenied");
  assert_standstill (standstill);
  module_case_assert_unwritten (&machine);
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  g_auto (GStrv) needs = g_strsplit (row->needs, " ", -1);
  g_autofree char *call = name_processes (row->call);
  g_autoptr (GError) error = NULL;

  make_target (row->before);
  wait_for (200);
  for (guint i = 0; needs[i]; i++)
    assert_refused (call, needs[i]);
  allow_alice (row->needs, "");
  make_call (call, &error);
  g_assert_no_error (error);
}

/* What comes back after a restart: a Ratio that was allowed by tune, and no other. */
static const struct {
  const char *user;
  const char *actions;
  const char *settings;
  guint ratio;
} stored[] = {
  { "alice", OWN, "{'Ratio': <@u 1000>, 'Feedback': <@u 7>}", 100 },
  { "alice", OWN " " TUNE, "{'Ratio': <@u 1001>}", 1001 },
  { "root", "", "{'Ratio': <@u 800>}", 800 },
};

static void
test_what_is_stored (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autoptr (GDBusConnection) connection = fixture_connection_as (&machine.fixture, stored[i].user);
  g_autoptr (GError) error = NULL;

  make_target (NOTHING);
  call_method (machine.fixture.connection, "Reset", NULL, CALL_PLAIN, &error);
  g_assert_no_error (error);
  make_target (OURS_OWN);
  allow_alice (stored[i].actions, "");
  configure (connection, stored[i].settings, CALL_PLAIN, &error);
  g_assert_no_error (error);
  module_case_stop (&machine);
  module_case_start (&machine, NULL);
  assert_property (connection, "Ratio", g_variant_new_uint32 (stored[i].ratio));
  assert_property (connection, "Feedback", g_variant_new_uint32 (0));
}

/* A Ratio of hers goes when another owner's process takes the place of hers. */
static void
test_ratio_goes_with_its_owner (void)
{
  g_autofree char *call = name_processes ("{'Pid': <OTHERS>}");
  g_autoptr (GError) error = NULL;

  make_target (NOTHING);
  call_method (machine.fixture.connection, "Reset", NULL, CALL_PLAIN, &error);
  g_assert_no_error (error);
  make_target (OURS_OWN);
  allow_alice (OWN, "");
  configure (alice, "{'Ratio': <@u 1000>, 'Feedback': <@u 7>}", CALL_PLAIN, &error);
  g_assert_no_error (error);
  module_case_configure (&machine, call);
  assert_property (alice, "Ratio", g_variant_new_uint32 (100));
  assert_property (alice, "Feedback", g_variant_new_uint32 (0));
  assert_parameter (machine.model, "quota_percentage_hugepage", "100");
  assert_parameter (machine.model, "quota_autotune_feedback", "0");
}

static void
test_start_where_own_suffices (void)
{
  module_case_configure_service (&machine, "[Service]\nallow-own-on=module\n" QUICK);
  module_case_start (&machine, NULL);
}

static void
test_start (void)
{
  module_case_stop (&machine);
  module_case_configure_service (&machine, QUICK);
  module_case_start (&machine, NULL);
}

static void
test_end (void)
{
  g_clear_object (&alice);
  end_theirs ();
  module_case_tear_down (&machine, NULL);
}

static void
add_rows (const char *group, const Row *first, guint n_rows)
{
  for (guint i = 0; i < n_rows; i++) {
    g_autofree char *path = g_strdup_printf ("/module/rights/%s/%s", group, first[i].name);

    g_test_add_data_func (path, &first[i], test_row);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  module_case_set_up_model (&machine, NULL);
  /* Somebody else's N is drained by nobody. */
  kernel_model_command (machine.model, "allow-hurt undrained");
  alice = fixture_connection_as (&machine.fixture, "alice");
  own = fixture_process_of (&machine.fixture, "alice");
  others = fixture_process_of (&machine.fixture, "bob");
  g_test_add_func ("/module/rights/own-suffices/service-starts", test_start_where_own_suffices);
  add_rows ("own-suffices", rows_where_own_suffices, G_N_ELEMENTS (rows_where_own_suffices));
  for (guint i = 0; i < G_N_ELEMENTS (stored); i++) {
    g_autofree char *path =
      g_strdup_printf ("/module/rights/own-suffices/stored-%u-of-%s", i, stored[i].user);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_what_is_stored);
  }
  g_test_add_func ("/module/rights/own-suffices/ratio-goes-with-its-owner",
                   test_ratio_goes_with_its_owner);
  g_test_add_func ("/module/rights/own-does-not-suffice/service-starts", test_start);
  add_rows ("own-does-not-suffice", rows, G_N_ELEMENTS (rows));
  g_test_add_func ("/module/rights/own-does-not-suffice/service-ends-in-order", test_end);
  return g_test_run ();
}
