/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-case.h"
#include "rights-table.h"
#include "target-objects.h"

#include <signal.h>
#include <string.h>

/* The whole table of rights, each row with each action alone, and for each way in which bob and the
 * process of the primary target can be related. */

#define WAIT_SECONDS 10

static Fixture machine;
static GDBusConnection *bob;

typedef enum {
  OWN,             /* bob's, and he has added it */
  OWN_BY_ANOTHER,  /* bob's, added by root */
  OTHERS,          /* alice's, added by root */
  OTHERS_BY_BOB,   /* alice's; bob added it when he was allowed to */
  SETGID,          /* run by bob, and more than he is; added by root */
  WITH_CAPABILITY, /* the same */
  SETGID_BY_BOB,   /* the same; bob added it when he was allowed to */
  N_RELATIONS
} Relation;

static const struct {
  const char *name;
  const char *user; /* whose the process is, or who runs the program that has … */
  gboolean is_privileged;
  Privilege privilege; /* … this */
  gboolean by_bob;
} relations[] = {
  [OWN] = { .name = "own", .user = "bob", .by_bob = TRUE },
  [OWN_BY_ANOTHER] = { .name = "own-added-by-another", .user = "bob" },
  [OTHERS] = { .name = "another's", .user = "alice" },
  [OTHERS_BY_BOB] = { .name = "another's-added-by-oneself", .user = "alice", .by_bob = TRUE },
  [SETGID] = { .name = "setgid",
               .user = "bob",
               .is_privileged = TRUE,
               .privilege = PRIVILEGE_SETGID },
  [WITH_CAPABILITY] = { .name = "with-file-capability",
                        .user = "bob",
                        .is_privileged = TRUE,
                        .privilege = PRIVILEGE_CAPABILITY },
  [SETGID_BY_BOB] = { .name = "setgid-added-by-oneself",
                      .user = "bob",
                      .is_privileged = TRUE,
                      .privilege = PRIVILEGE_SETGID,
                      .by_bob = TRUE },
};

/* Those that are targets, and others like them that are none. */
static guint32 processes[N_RELATIONS], spare[N_RELATIONS];

static const char *const actions[] = { "nothing", "target-own",     "target-any", "tune",
                                       "inspect", "manage-targets", NULL };

/* What is true while a test runs. */
typedef struct {
  Relation relation;
  const char *action;
  RightWorld right;
} World;

static void
as_root (const char *settings)
{
  g_autoptr (GError) error = NULL;

  configure (machine.connection, settings, CALL_PLAIN, &error);
  g_assert_no_error (error);
}

static guint32
run_program (const char *path)
{
  Child *child = fixture_spawn_as (&machine, "bob", path, NULL);
  g_autofree char *ready = child_expect_line (child, "ready ", WAIT_SECONDS);

  return (guint32) child_get_pid (child);
}

static void
make_processes (Relation relation)
{
  g_autofree char *program = NULL;

  if (!relations[relation].is_privileged) {
    processes[relation] = fixture_process_of (&machine, relations[relation].user);
    spare[relation] = fixture_process_of (&machine, relations[relation].user);
    return;
  }
  program = fixture_install_privileged (&machine, relations[relation].privilege);
  processes[relation] = run_program (program);
  spare[relation] = run_program (program);
}

static void
remove_all_but (guint32 pid)
{
  g_autoptr (GVariant) targets = get_targets (machine.connection);
  GVariantIter iter;
  const char *path;

  g_variant_iter_init (&iter, targets);
  while (g_variant_iter_next (&iter, "{&o@a{sa{sv}}}", &path, NULL)) {
    g_autoptr (GError) error = NULL;

    if (get_target_number (machine.connection, path, "Pid") == pid)
      continue;
    remove_target (machine.connection, path, &error);
    g_assert_no_error (error);
  }
}

/* The process of the relation is the primary target, served, and the only one. */
static void
restore (World *world)
{
  const guint32 pid = processes[world->relation];
  const gboolean by_bob = relations[world->relation].by_bob;
  g_autofree char *settings = g_strdup_printf ("{'Pid': <@u %u>, 'Enabled': <true>}", pid);
  g_autofree char *found = NULL;

  remove_all_but (pid);
  found = find_target (machine.connection, pid);
  if (found == NULL) {
    if (by_bob)
      rights_allow_bob (&machine, "target-any");
    found = added_target (by_bob ? bob : machine.connection, pid, NULL);
    if (by_bob)
      rights_allow_bob (&machine, world->action);
  }
  as_root (settings);
  g_free (world->right.target);
  world->right.target = g_steal_pointer (&found);
}

static const char *
get_need (const Right *right, Relation relation)
{
  if (relation == OWN || relation == OWN_BY_ANOTHER)
    return right->own;
  return relations[relation].by_bob ? right->added : right->others;
}

static void
assert_granted (const Right *right, World *world)
{
  g_autofree char *what = right_describe (right);
  g_autoptr (GError) error = NULL;

  restore (world);
  right_call (right, bob, &world->right, CALL_PLAIN, &error);
  if (!right_was_granted (&error))
    g_error ("%s was refused: %s", what, error->message);
}

static World
begin_world (Relation relation, const char *action)
{
  World world = { relation, action, { NULL, spare[OWN], spare[relation] } };

  restore (&world);
  rights_allow_bob (&machine, action);
  assert_target_eventually (machine.connection, world.right.target, "State", "'running'",
                            WAIT_SECONDS);
  wait_for (50);
  return world;
}

static gboolean
is_granted (const Right *right, const World *world)
{
  return right_suffices (world->action, get_need (right, world->relation));
}

/* What is refused changes nothing; what is granted may, so it comes later. */
static void
test_relation (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  World world = begin_world (i % N_RELATIONS, actions[i / N_RELATIONS]);
  g_autoptr (Standstill) standstill = standstill_new (&machine);
  guint granted = 0;
  ReplyCount count;

  reply_count_begin (&count, bob);
  for (guint j = 0; j < n_rights; j++)
    if (!rights[j].of_damon && !is_granted (&rights[j], &world))
      assert_right_refused (&rights[j], &count, &world.right);
  assert_standstill (standstill);
  for (guint j = 0; j < n_rights; j++)
    if (!rights[j].of_damon && is_granted (&rights[j], &world)) {
      assert_granted (&rights[j], &world);
      granted++;
    }
  reply_count_end (&count);
  g_test_message ("%u of %u were granted", granted, n_rights);
  g_free (world.right.target);
}

/* Not even polkit is needed. */
static void
test_root_may_everything (void)
{
  World world = begin_world (OTHERS, "nothing");

  fixture_polkit_stop (&machine);
  for (guint i = 0; i < n_rights; i++) {
    g_autofree char *what = right_describe (&rights[i]);
    g_autoptr (GError) error = NULL;

    if (rights[i].of_damon)
      continue;
    restore (&world);
    right_call (&rights[i], machine.connection, &world.right, CALL_PLAIN, &error);
    if (!right_was_granted (&error))
      g_error ("%s was refused to root: %s", what, error->message);
  }
  fixture_polkit_start (&machine);
  g_free (world.right.target);
}

/* Whoever was its owner sees no more of it, from the moment that he is not. */
static void
test_own_no_longer (void)
{
  static const char *const inspections[] = { "GetDetails", "GetStatistics", "GetHeatMap" };
  g_autofree char *program = fixture_install_privileged (&machine, PRIVILEGE_SETUID);
  g_autofree char *become = g_strconcat ("--become=", program, NULL);
  g_autofree char *ready = NULL, *path = NULL;
  guint32 pid;
  Child *process = fixture_poser_as (&machine, "bob", &pid, become, NULL);

  remove_all_but (0);
  rights_allow_bob (&machine, "target-own");
  path = added_target (bob, pid, NULL);
  assert_target_eventually (bob, path, "State", "'running'", WAIT_SECONDS);
  child_signal (process, SIGUSR1);
  ready = child_expect_line (process, "ready ", WAIT_SECONDS);
  for (guint i = 0; i < G_N_ELEMENTS (inspections); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *name = NULL;
    g_autoptr (GVariant) reply = call_target (
      bob, path, inspections[i],
      g_str_equal (inspections[i], "GetHeatMap") ? g_variant_new ("(a{sv})", NULL) : NULL,
      CALL_PLAIN, &error);

    g_assert_null (reply);
    name = g_dbus_error_get_remote_error (error);
    /* Soon there is no such object any more. */
    if (!g_str_equal (name, BUS_ERROR "UnknownMethod"))
      assert_error_name (error, BUS_ERROR "InteractiveAuthorizationRequired");
  }
  assert_target_gone (bob, path, WAIT_SECONDS);
}

static void
test_start (void)
{
  fixture_set_up_all (&machine, NULL);
  bob = fixture_connection_as (&machine, "bob");
  for (Relation i = 0; i < N_RELATIONS; i++)
    make_processes (i);
}

static void
test_end (void)
{
  g_clear_object (&bob);
  fixture_tear_down (&machine, NULL);
}

/* What only an engine with DAMON has, on one that has it. */
static void
test_of_damon (ModuleCase *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) connection = fixture_connection_as (&self->fixture, "bob");
  const RightWorld world = { .target = (char *) "/" };

  for (guint i = 0; actions[i] != NULL; i++) {
    g_autoptr (Standstill) standstill = NULL;
    ReplyCount count;

    rights_allow_bob (&self->fixture, actions[i]);
    standstill = standstill_new (&self->fixture);
    reply_count_begin (&count, connection);
    for (guint j = 0; j < n_rights; j++) {
      g_autoptr (GError) error = NULL;

      if (!rights[j].of_damon)
        continue;
      if (!right_suffices (actions[i], rights[j].others)) {
        assert_right_refused (&rights[j], &count, &world);
        assert_standstill (standstill);
        continue;
      }
      right_call (&rights[j], connection, &world, CALL_PLAIN, &error);
      g_assert_no_error (error);
    }
    reply_count_end (&count);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/rights-of-targets/of-damon", ModuleCase, NULL, module_case_set_up, test_of_damon,
              module_case_tear_down);
  g_test_add_func ("/rights-of-targets/service-starts", test_start);
  for (guint i = 0; i < N_RELATIONS * g_strv_length ((GStrv) actions); i++) {
    g_autofree char *path = g_strdup_printf (
      "/rights-of-targets/%s-over-%s", actions[i / N_RELATIONS], relations[i % N_RELATIONS].name);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_relation);
  }
  g_test_add_func ("/rights-of-targets/root-may-everything", test_root_may_everything);
  g_test_add_func ("/rights-of-targets/own-no-longer", test_own_no_longer);
  g_test_add_func ("/rights-of-targets/service-ends-in-order", test_end);
  return g_test_run ();
}
