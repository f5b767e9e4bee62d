/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "polkit-watch.h"
#include "rights-table.h"
#include "target-objects.h"
#include "targets.h"

#include <signal.h>
#include <string.h>

/* One machine for all rows: what was refused in one would show in the next. */
static Fixture machine;
static GDBusConnection *bob;

/* Which process is the target before the call. */
typedef enum {
  NOTHING,
  OWN,    /* bob's */
  OTHERS, /* alice's */
  OWN_EXITED,
  OTHERS_EXITED,
} Before;

#define DENIED BUS_ERROR "InteractiveAuthorizationRequired"
#define ALLOWED NULL

/* What bob may do with these actions allowed by a rule. @call: a method, or settings for Configure
 * in which OWN and OTHERS stand for the PIDs of processes of bob and alice. */
static const struct {
  const char *name;
  const char *actions;
  Before before;
  const char *call;
  const char *error;
} rows[] = {
  { "own-serves-own", "target-own", NOTHING, "{'Pid': <OWN>, 'Enabled': <true>}", ALLOWED },
  { "own-does-not-serve-others", "target-own", NOTHING, "{'Pid': <OTHERS>}", DENIED },
  { "own-does-not-serve-root's", "target-own", NOTHING, "{'Pid': <ROOTS>}", DENIED },
  { "own-does-not-replace-others", "target-own", OTHERS, "{'Pid': <OWN>}", DENIED },
  { "own-does-not-remove-others", "target-own", OTHERS, "{'Pid': <@u 0>}", DENIED },
  { "own-does-not-disable-others", "target-own", OTHERS, "{'Enabled': <false>}", DENIED },
  { "own-does-not-enable-others", "target-own", OTHERS, "{'Enabled': <true>}", DENIED },
  { "own-replaces-others-after-exit", "target-own", OTHERS_EXITED, "{'Pid': <OWN>}", ALLOWED },
  { "own-removes-own", "target-own", OWN, "{'Pid': <@u 0>}", ALLOWED },
  { "own-disables-own", "target-own", OWN, "{'Enabled': <false>}", ALLOWED },
  { "own-does-not-hand-over-to-others", "target-own", OWN, "{'Pid': <OTHERS>}", DENIED },
  { "own-ratio-of-own", "target-own", OWN, "{'Ratio': <@u 5000>}", ALLOWED },
  { "own-feedback-of-own", "target-own", OWN, "{'Feedback': <@u 5000>}", ALLOWED },
  { "own-ratio-of-others", "target-own", OTHERS, "{'Ratio': <@u 5000>}", DENIED },
  { "own-feedback-of-others", "target-own", OTHERS, "{'Feedback': <@u 5000>}", DENIED },
  { "own-ratio-after-exit-of-own", "target-own", OWN_EXITED, "{'Ratio': <@u 5000>}", ALLOWED },
  { "own-feedback-after-exit-of-own", "target-own", OWN_EXITED, "{'Feedback': <@u 5>}", ALLOWED },
  { "own-ratio-after-exit-of-others", "target-own", OTHERS_EXITED, "{'Ratio': <@u 5>}", DENIED },
  { "own-is-cleared-up-after-exit", "target-own", OWN_EXITED, "{'Pid': <@u 0>}", ALLOWED },
  { "own-is-switched-off-after-exit", "target-own", OWN_EXITED, "{'Enabled': <false>}", ALLOWED },
  { "others-are-not-cleared-up-after-exit", "target-own", OTHERS_EXITED, "{'Pid': <@u 0>}",
    DENIED },
  { "own-ratio-of-none", "target-own", NOTHING, "{'Ratio': <@u 5000>}", DENIED },
  { "own-feedback-of-none", "target-own", NOTHING, "{'Feedback': <@u 5000>}", DENIED },
  { "own-ratio-with-own", "target-own", NOTHING, "{'Pid': <OWN>, 'Ratio': <@u 5>}", ALLOWED },
  { "own-does-not-tune", "target-own", OWN, "{'QuotaSize': <@t 0>}", DENIED },
  { "own-does-not-tune-beside", "target-own", OWN, "{'Ratio': <@u 5>, 'QuotaSize': <@t 0>}",
    DENIED },
  { "own-does-not-reset", "target-own", OWN, "Reset", DENIED },
  { "own-does-nothing-with-nothing", "target-own", OWN, "{}", DENIED },
  { "own-sees-own", "target-own", OWN, "GetStatistics", ALLOWED },
  { "nobody-sees-own", "", OWN, "GetStatistics", ALLOWED },
  { "nobody-sees-own-after-exit", "", OWN_EXITED, "GetStatistics", ALLOWED },
  { "nobody-does-not-disable-own", "", OWN, "{'Enabled': <false>}", DENIED },
  { "any-serves-own", "target-any", NOTHING, "{'Pid': <OWN>, 'Enabled': <true>}", ALLOWED },
  { "any-serves-others", "target-any", NOTHING, "{'Pid': <OTHERS>, 'Enabled': <true>}", ALLOWED },
  { "any-serves-root's", "target-any", NOTHING, "{'Pid': <ROOTS>, 'Enabled': <true>}", ALLOWED },
  { "any-replaces-others", "target-any", OTHERS, "{'Pid': <OWN>}", ALLOWED },
  { "any-removes-others", "target-any", OTHERS, "{'Pid': <@u 0>}", ALLOWED },
  { "any-ratio-of-others", "target-any", OTHERS, "{'Ratio': <@u 5000>}", ALLOWED },
  { "any-ratio-of-none", "target-any", NOTHING, "{'Ratio': <@u 5000>}", DENIED },
  { "any-ratio-after-exit-of-others", "target-any", OTHERS_EXITED, "{'Ratio': <@u 5>}", DENIED },
  { "any-does-not-tune", "target-any", OTHERS, "{'MinAgeUSec': <@t 0>}", DENIED },
  { "any-does-not-inspect", "target-any", OTHERS, "GetStatistics", DENIED },
  { "any-does-not-reset", "target-any", OTHERS, "Reset", DENIED },
  { "tune-tunes", "tune", OTHERS, "{'QuotaSize': <@t 0>, 'MinAgeUSec': <@t 0>}", ALLOWED },
  { "tune-resets", "tune", OTHERS, "Reset", ALLOWED },
  { "tune-ratio-of-none", "tune", NOTHING, "{'Ratio': <@u 5>, 'Feedback': <@u 5>}", ALLOWED },
  { "tune-ratio-after-exit", "tune", OTHERS_EXITED, "{'Ratio': <@u 5000>}", ALLOWED },
  { "tune-does-not-serve-own", "tune", NOTHING, "{'Pid': <OWN>}", DENIED },
  { "tune-does-not-inspect", "tune", OTHERS, "GetStatistics", DENIED },
  { "own-and-tune-do-both", "target-own tune", NOTHING, "{'Pid': <OWN>, 'QuotaSize': <@t 0>}",
    ALLOWED },
  { "inspect-inspects", "inspect", OTHERS, "GetStatistics", ALLOWED },
  { "inspect-inspects-after-exit", "inspect", OTHERS_EXITED, "GetStatistics", ALLOWED },
  { "nobody-does-not-inspect-after-exit", "", OTHERS_EXITED, "GetStatistics", DENIED },
  { "inspect-does-nothing-else", "inspect", OWN, "{'Enabled': <false>}", DENIED },
  { "manage-targets-does-nothing-here", "manage-targets", OTHERS, "{'Pid': <@u 0>}", DENIED },
};

static void
as_root (const char *settings)
{
  g_autoptr (GError) error = NULL;

  configure (machine.connection, settings, CALL_PLAIN, &error);
  g_assert_no_error (error);
}

static void
make_target (Before before)
{
  const gboolean own = before == OWN || before == OWN_EXITED;
  guint32 pid;
  Child *process;

  as_root ("{'Pid': <@u 0>, 'QuotaSize': <@t 4096>}");
  if (before == NOTHING)
    return;
  process = fixture_poser_as (&machine, own ? "bob" : "alice", &pid, NULL);
  fixture_serve (&machine, pid);
  if (before == OWN || before == OTHERS)
    return;
  child_signal (process, SIGKILL);
  assert_property_eventually (machine.connection, "State", g_variant_new_string ("target-exited"),
                              5);
}

static guint32
read_pid (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) pid = get_property (machine.connection, "Pid", &error);

  g_assert_no_error (error);
  return g_variant_get_uint32 (pid);
}

static char *
name_processes (const char *call)
{
  static const char *const users[][2] = { { "<OWN>", "bob" },
                                          { "<OTHERS>", "alice" },
                                          { "<ROOTS>", "root" } };
  g_autoptr (GString) text = g_string_new (call);

  for (guint i = 0; i < G_N_ELEMENTS (users); i++) {
    g_autofree char *pid = NULL;

    if (strstr (text->str, users[i][0]) == NULL)
      continue;
    pid = g_strdup_printf ("<@u %u>", fixture_process_of (&machine, users[i][1]));
    g_string_replace (text, users[i][0], pid, 0);
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
make_call (const char *call, GError **error)
{
  g_autoptr (GVariant) reply = NULL;

  if (call[0] == '{')
    return configure (bob, call, CALL_PLAIN, error);
  reply = call_method (bob, call, NULL, CALL_PLAIN, error);
  return reply != NULL;
}

static void
test_row (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autofree char *call = name_processes (rows[i].call);
  g_autoptr (Standstill) standstill = NULL;
  g_autoptr (GError) error = NULL;

  rights_allow_bob (&machine, rows[i].actions);
  make_target (rows[i].before);
  wait_for (50);
  standstill = standstill_new (&machine);
  make_call (call, &error);
  if (rows[i].error == NULL) {
    g_assert_no_error (error);
    return;
  }
  assert_error_name (error, rows[i].error);
  assert_standstill (standstill);
}

/* Where nothing is allowed by a rule, nothing that needs one is done, and nothing is written down
 * later either. */
static void
test_every_member_without_a_rule (void)
{
  const guint32 own = fixture_process_of (&machine, "bob"),
                others = fixture_process_of (&machine, "alice");
  RightWorld world = { NULL, own, others };
  g_autoptr (Standstill) standstill = NULL;
  g_autofree char *path = NULL;
  ReplyCount count;

  rights_allow_bob (&machine, "");
  make_target (OTHERS);
  path = find_target (machine.connection, read_pid ());
  world.target = path;
  wait_for_files ();
  standstill = standstill_new (&machine);
  reply_count_begin (&count, bob);
  for (guint i = 0; i < n_rights; i++) {
    g_autoptr (GError) error = NULL;

    if (rights[i].of_damon) {
      right_call (&rights[i], bob, &world, CALL_PLAIN, &error);
      assert_error_name (error, SERVICE_ERROR "NotSupported");
    } else if (*rights[i].others != '\0') {
      assert_right_refused (&rights[i], &count, &world);
    }
  }
  reply_count_end (&count);
  assert_lasting_standstill (standstill);
}

/* @interactive: how many questions a person could have been asked. */
static void
assert_asked (const char *method, GVariant *arguments, gboolean is_allowed, guint interactive)
{
  g_autoptr (PolkitWatch) watch = polkit_watch_new (&machine);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call_method (bob, method, arguments, CALL_INTERACTIVE, &error);

  g_assert_cmpint (reply != NULL, ==, is_allowed);
  polkit_watch_wait_asked (watch, 1);
  g_assert_cmpuint (polkit_watch_count_interactive (watch), ==, interactive);
}

/* A subscription never puts a question to a person, whatever the message allows. */
static void
test_subscribing_asks_nobody (void)
{
  rights_allow_bob (&machine, "");
  make_target (OTHERS);
  assert_asked ("GetStatistics", NULL, FALSE, 1);
  assert_asked ("SubscribeStatistics", g_variant_new ("(t)", (guint64) 300000), TRUE, 0);
}

static void
assert_has_row (const char *interface, const char *member, gboolean is_property)
{
  for (guint i = 0; i < n_rights; i++)
    if (g_str_equal (rights[i].interface, interface) && g_str_equal (rights[i].member, member)
        && rights[i].is_property == is_property)
      return;
  g_error ("%s.%s has no row in the table of rights", interface, member);
}

/* Nothing that can be called or written has been forgotten, whatever the interfaces will have. */
static void
test_every_member_has_a_row (void)
{
  g_autoptr (GDBusNodeInfo) node = rights_load_interfaces ();

  g_assert_nonnull (node->interfaces);
  for (GDBusInterfaceInfo **interface = node->interfaces; *interface != NULL; interface++) {
    for (GDBusMethodInfo **info = (*interface)->methods; *info != NULL; info++)
      assert_has_row ((*interface)->name, (*info)->name, FALSE);
    for (GDBusPropertyInfo **info = (*interface)->properties; *info != NULL; info++)
      if ((*info)->flags & G_DBUS_PROPERTY_INFO_FLAGS_WRITABLE)
        assert_has_row ((*interface)->name, (*info)->name, TRUE);
  }
}

/* And no row is about what is not there. */
static void
test_every_row_has_a_member (void)
{
  g_autoptr (GDBusNodeInfo) node = rights_load_interfaces ();

  for (guint i = 0; i < n_rights; i++) {
    GDBusInterfaceInfo *interface = g_dbus_node_info_lookup_interface (node, rights[i].interface);

    if (!g_str_has_prefix (rights[i].interface, SERVICE_INTERFACE))
      continue;
    if (rights[i].is_property)
      g_assert_nonnull (g_dbus_interface_info_lookup_property (interface, rights[i].member));
    else
      g_assert_nonnull (g_dbus_interface_info_lookup_method (interface, rights[i].member));
  }
}

static void
tear_down (void)
{
  g_clear_object (&bob);
  fixture_tear_down (&machine, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_set_up_all (&machine, NULL);
  bob = fixture_connection_as (&machine, "bob");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strconcat ("/rights/", rows[i].name, NULL);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_row);
  }
  g_test_add_func ("/rights/subscribing-asks-nobody", test_subscribing_asks_nobody);
  g_test_add_func ("/rights/every-member-has-a-row", test_every_member_has_a_row);
  g_test_add_func ("/rights/every-row-has-a-member", test_every_row_has_a_member);
  g_test_add_func ("/rights/every-member-without-a-rule", test_every_member_without_a_rule);
  g_test_add_func ("/rights/service-ends-in-order", tear_down);
  return g_test_run ();
}
