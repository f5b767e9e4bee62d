/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "rights.h"

#include "child.h"
#include "error.h"
#include "fake-root.h"

/* The rules of who may do what, one by one. The caller is the user of this test, so that a process
 * can be his own; what his groups and capabilities are, /proc of a fake root says. */

#define GROUP 555
#define FREE_RATIO 1000

/* Whose a process is. */
typedef enum {
  NOBODY, /* there is none */
  OWN,
  OTHERS,
  OWN_GROUP,   /* the caller's, with another saved group */
  OWN_CAPABLE, /* the caller's, with capabilities */
} Whose;

typedef struct {
  FakeRoot root;
  Child *children[2]; /* of the primary or other target, and of what is named */
} RightsCase;

static void
set_up (RightsCase *self, gconstpointer data)
{
  fake_root_set_up (&self->root, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (self->children); i++) {
    self->children[i] = child_new (NULL);
    fake_root_add_process (&self->root, self->children[i]->pid);
  }
}

static void
tear_down (RightsCase *self, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->children); i++)
    child_free (self->children[i]);
  fake_root_tear_down (&self->root, NULL);
}

static const DhCaller *
get_caller (void)
{
  static DhCaller caller = { .sender = ":1.1", .gid = GROUP };

  caller.uid = getuid ();
  return &caller;
}

static void
set_owner (RightsCase *self, guint child, Whose whose)
{
  const guint uid = getuid () + (whose == OTHERS ? 1 : 0);
  const guint saved_gid = whose == OWN_GROUP ? GROUP + 1 : GROUP;
  const pid_t pid = self->children[child]->pid;
  g_autofree char *name = g_strdup_printf ("proc/%d/status", pid);
  g_autofree char *text = g_strdup_printf (
    "Name:\tit\nVmSize:\t8 kB\nTgid:\t%d\nUid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n"
    "CapPrm:\t%016x\n",
    pid, uid, uid, uid, uid, GROUP, GROUP, saved_gid, GROUP, whose == OWN_CAPABLE ? 0x2000 : 0);

  fake_root_add_file (&self->root, name, text);
}

/* Returns: (transfer full) (nullable). */
static DhProcess *
open_process (RightsCase *self, guint child, Whose whose)
{
  g_autoptr (GError) error = NULL;
  DhProcess *process;

  if (whose == NOBODY)
    return NULL;
  set_owner (self, child, whose);
  process = dh_process_open (self->root.path, (guint64) self->children[child]->pid, &error);
  g_assert_no_error (error);
  return process;
}

/* Returns: (transfer full) (nullable): not added by the caller. */
static DhTarget *
make_target (RightsCase *self, Whose whose, gboolean exited)
{
  g_autoptr (DhProcess) process = open_process (self, 0, whose);
  DhTarget *target;
  DhOwner owner;

  if (!process)
    return NULL;
  g_assert_true (dh_process_read_owner (process, &owner, NULL));
  target = dh_target_new (1, process, &owner, getuid () + 7);
  target->state = exited ? DH_TARGET_EXITED : DH_TARGET_RUNNING;
  return target;
}

/* What a change sets, a letter each. */
static void
fill_change (DhChange *change, const char *letters)
{
  change->has_pid = strchr (letters, 'p') != NULL;
  change->has_enabled = strchr (letters, 'e') != NULL;
  change->has_setting[DH_SETTING_RATIO] = strpbrk (letters, "rR") != NULL;
  change->settings[DH_SETTING_RATIO] = strchr (letters, 'R') ? FREE_RATIO + 1 : FREE_RATIO;
  change->has_setting[DH_SETTING_FEEDBACK] = strchr (letters, 'f') != NULL;
  change->has_setting[DH_SETTING_QUOTA_SIZE] = strchr (letters, 'q') != NULL;
  change->resets = strchr (letters, 'x') != NULL;
  change->primary = strchr (letters, '1') != NULL;
}

#define ANY DH_ACTION_TARGET_ANY
#define MINE DH_ACTION_TARGET_OWN
#define TUNE DH_ACTION_TUNE

/* How things are beside. */
#define EXITED (1 << 0)         /* the primary has */
#define NOT_FOR_OWN (1 << 1)    /* the engine takes what the machine has once */
#define FOREIGN (1 << 2)        /* somebody else began it */
#define MINE_BY_ADDING (1 << 3) /* the caller added the target */
#define BESIDE (1 << 4)         /* the target is not the primary */

static const struct {
  const char *name;
  Whose primary;
  Whose named;
  const char *letters; /* p: Pid, e: Enabled, r: Ratio, R: a costly one, f: Feedback, q: a tunable,
                          x: Reset */
  guint conditions;
  DhActions expected;
} service[] = {
  { "own-process", NOBODY, OWN, "pe", 0, MINE },
  { "other's-process", NOBODY, OTHERS, "pe", 0, ANY },
  { "process-with-another-group", NOBODY, OWN_GROUP, "pe", 0, ANY },
  { "process-with-capabilities", NOBODY, OWN_CAPABLE, "pe", 0, ANY },
  { "own-process-where-own-does-not-suffice", NOBODY, OWN, "pe", NOT_FOR_OWN, ANY },
  { "own-for-own", OWN, OWN, "p", 0, MINE },
  { "own-for-other's", OTHERS, OWN, "p", 0, ANY },
  { "own-for-other's-that-has-exited", OTHERS, OWN, "p", EXITED, MINE },
  { "own-for-what-somebody-else-began", OWN, OWN, "p", FOREIGN, ANY },
  { "other's-for-own", OWN, OTHERS, "p", 0, ANY },
  { "none-for-own", OWN, NOBODY, "p", 0, MINE },
  { "none-for-other's", OTHERS, NOBODY, "p", 0, ANY },
  { "none-for-own-that-has-become-capable", OWN_CAPABLE, NOBODY, "p", 0, ANY },
  { "none-for-own-that-has-exited", OWN, NOBODY, "p", EXITED, MINE },
  { "none-for-other's-that-has-exited", OTHERS, NOBODY, "p", EXITED, ANY },
  { "none-for-none", NOBODY, NOBODY, "p", 0, ANY },
  { "enabled-of-own", OWN, NOBODY, "e", 0, MINE },
  { "enabled-of-other's", OTHERS, NOBODY, "e", 0, ANY },
  { "enabled-of-own-where-own-does-not-suffice", OWN, NOBODY, "e", NOT_FOR_OWN, ANY },
  { "ratio-of-own", OWN, NOBODY, "r", 0, MINE },
  { "feedback-of-own", OWN, NOBODY, "f", 0, MINE },
  { "ratio-of-other's", OTHERS, NOBODY, "r", 0, ANY },
  { "ratio-of-own-that-has-exited", OWN, NOBODY, "r", EXITED, MINE },
  { "ratio-of-other's-that-has-exited", OTHERS, NOBODY, "r", EXITED, TUNE },
  { "ratio-of-none", NOBODY, NOBODY, "r", 0, TUNE },
  { "ratio-of-own-where-own-does-not-suffice", OWN, NOBODY, "r", NOT_FOR_OWN, ANY },
  { "ratio-of-what-has-exited-where-own-does-not-suffice", OWN, NOBODY, "r", EXITED | NOT_FOR_OWN,
    TUNE },
  { "ratio-with-own-process", NOBODY, OWN, "pr", 0, MINE },
  { "costly-ratio-of-own", OWN, NOBODY, "R", 0, MINE | TUNE },
  { "costly-ratio-with-own-process", NOBODY, OWN, "pR", 0, MINE | TUNE },
  { "ratio-of-what-somebody-else-began", OWN, NOBODY, "r", FOREIGN, ANY },
  { "tunable", OWN, NOBODY, "q", 0, TUNE },
  { "tunable-without-target", NOBODY, NOBODY, "q", 0, TUNE },
  { "tunable-beside-ratio-of-own", OWN, NOBODY, "rq", 0, MINE | TUNE },
  { "tunable-beside-other's-process", NOBODY, OTHERS, "pq", 0, ANY | TUNE },
  { "tunable-of-what-somebody-else-began", OWN, NOBODY, "q", FOREIGN, ANY | TUNE },
  { "reset", OWN, NOBODY, "x", 0, TUNE },
  { "reset-of-what-somebody-else-began", OWN, NOBODY, "x", FOREIGN, ANY | TUNE },
  { "nothing", OWN, NOBODY, "", 0, TUNE },
}, addition[] = {
  { "own", NOBODY, OWN, "p", 0, MINE },
  { "other's", NOBODY, OTHERS, "p", 0, ANY },
  { "with-capabilities", NOBODY, OWN_CAPABLE, "p", 0, ANY },
  { "own-where-own-does-not-suffice", NOBODY, OWN, "p", NOT_FOR_OWN, ANY },
  { "own-with-goals", NOBODY, OWN, "prf", 0, MINE },
  { "own-with-a-costly-ratio", NOBODY, OWN, "pR", 0, MINE | TUNE },
  { "own-beside-other's", OTHERS, OWN, "p", 0, MINE },
  { "own-as-the-primary-for-own", OWN, OWN, "p1", 0, MINE },
  { "own-as-the-primary-for-other's", OTHERS, OWN, "p1", 0, ANY },
  { "own-as-the-primary-for-other's-that-has-exited", OTHERS, OWN, "p1", EXITED, MINE },
  { "own-beside-what-somebody-else-began", OTHERS, OWN, "p", FOREIGN, ANY },
}, goals[] = {
  { "own", OWN, NOBODY, "r", 0, MINE },
  { "other's", OTHERS, NOBODY, "rf", 0, ANY },
  { "own-that-has-become-capable", OWN_CAPABLE, NOBODY, "f", 0, ANY },
  { "other's-that-one-has-added", OTHERS, NOBODY, "r", MINE_BY_ADDING, ANY },
  { "own-where-own-does-not-suffice", OWN, NOBODY, "r", NOT_FOR_OWN, ANY },
  { "own-costly", OWN, NOBODY, "R", 0, MINE | TUNE },
  { "own-that-somebody-else-began", OWN, NOBODY, "r", FOREIGN, ANY },
  { "own-beside-what-somebody-else-began", OWN, NOBODY, "r", FOREIGN | BESIDE, MINE },
}, ending[] = {
  { "own", OWN, NOBODY, "", 0, 0 },
  { "own-where-own-does-not-suffice", OWN, NOBODY, "", NOT_FOR_OWN, 0 },
  { "other's", OTHERS, NOBODY, "", 0, DH_ACTION_MANAGE_TARGETS },
  { "own-that-has-become-capable", OWN_CAPABLE, NOBODY, "", 0, DH_ACTION_MANAGE_TARGETS },
  { "other's-that-one-has-added", OTHERS, NOBODY, "", MINE_BY_ADDING, 0 },
  { "own-that-somebody-else-began", OWN, NOBODY, "", FOREIGN, ANY },
  { "own-beside-what-somebody-else-began", OWN, NOBODY, "", FOREIGN | BESIDE, 0 },
}, inspection[] = {
  { "own", OWN, NOBODY, "", 0, 0 },
  { "own-that-has-exited", OWN, NOBODY, "", EXITED, 0 },
  { "other's", OTHERS, NOBODY, "", 0, DH_ACTION_INSPECT },
  { "other's-that-has-exited", OTHERS, NOBODY, "", EXITED, DH_ACTION_INSPECT },
  { "with-another-group", OWN_GROUP, NOBODY, "", 0, DH_ACTION_INSPECT },
  { "with-capabilities", OWN_CAPABLE, NOBODY, "", 0, DH_ACTION_INSPECT },
  { "other's-that-one-has-added", OTHERS, NOBODY, "", MINE_BY_ADDING, DH_ACTION_INSPECT },
  { "none", NOBODY, NOBODY, "", 0, 0 },
};

typedef __typeof__ (service[0]) Row;

static DhRightsRules
get_rules (DhTarget *target, guint conditions)
{
  return (DhRightsRules){
    .primary = conditions & BESIDE ? NULL : target,
    .target = target,
    .own_suffices = !(conditions & NOT_FOR_OWN),
    .foreign = (conditions & FOREIGN) != 0,
    .free_ratio = FREE_RATIO,
  };
}

static void
check_row (RightsCase *self, const Row *row, DhChangeKind kind)
{
  g_autoptr (DhTarget) target = make_target (self, row->primary, (row->conditions & EXITED) != 0);
  const DhRightsRules rules = get_rules (target, row->conditions);
  g_autoptr (DhChange) change = dh_change_new (kind);
  g_autoptr (GError) error = NULL;
  DhActions required = ~0u;

  if (row->conditions & MINE_BY_ADDING)
    target->adder = getuid ();
  fill_change (change, row->letters);
  change->process = open_process (self, 1, row->named);
  g_assert_true (dh_rights_for_change (&rules, change, get_caller (), &required, &error));
  g_assert_no_error (error);
  g_assert_cmphex (required, ==, row->expected);
}

static void
test_service (RightsCase *self, gconstpointer data)
{
  check_row (self, data, DH_CHANGE_SERVICE);
}

static void
test_addition (RightsCase *self, gconstpointer data)
{
  check_row (self, data, DH_CHANGE_ADD);
}

static void
test_goals (RightsCase *self, gconstpointer data)
{
  check_row (self, data, DH_CHANGE_GOALS);
}

static void
test_ending (RightsCase *self, gconstpointer data)
{
  check_row (self, data, DH_CHANGE_REMOVE);
  check_row (self, data, DH_CHANGE_UNDO);
}

static void
test_inspection (RightsCase *self, gconstpointer data)
{
  const Row *row = data;
  g_autoptr (DhTarget) target = make_target (self, row->primary, (row->conditions & EXITED) != 0);

  if (row->conditions & MINE_BY_ADDING)
    target->adder = getuid ();
  g_assert_cmphex (dh_rights_to_inspect (target, get_caller ()), ==, row->expected);
}

/* Nobody but the service takes note of who has left. */
static void
test_leaving (RightsCase *self, gconstpointer data)
{
  static const Row row = { "it", NOBODY, NOBODY, "", 0, DH_ACTIONS_ALL };

  check_row (self, &row, DH_CHANGE_LEAVE);
}

/* A target is whose it is now, not whose it was when it was set. */
static void
test_looks_again (RightsCase *self, gconstpointer data)
{
  g_autoptr (DhTarget) target = make_target (self, OWN, FALSE);

  g_assert_cmphex (dh_rights_to_inspect (target, get_caller ()), ==, 0);
  set_owner (self, 0, OWN_CAPABLE);
  g_assert_cmphex (dh_rights_to_inspect (target, get_caller ()), ==, DH_ACTION_INSPECT);
}

/* With what was authorized the engine compares the process later. */
static void
test_notes_the_owner (RightsCase *self, gconstpointer data)
{
  static const struct {
    const char *letters;
    Whose named;
    gboolean noted;
  } rows[] = { { "p", OTHERS, TRUE },  { "pe", OWN, TRUE },    { "e", NOBODY, TRUE },
               { "p", NOBODY, FALSE }, { "r", NOBODY, FALSE }, { "q", NOBODY, FALSE } };
  g_autoptr (DhTarget) target = make_target (self, OWN_CAPABLE, FALSE);
  const DhRightsRules rules = get_rules (target, 0);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (DhChange) change = dh_change_new (DH_CHANGE_SERVICE);
    g_autoptr (GError) error = NULL;
    DhActions required;

    fill_change (change, rows[i].letters);
    change->process = open_process (self, 1, rows[i].named);
    g_assert_true (dh_rights_for_change (&rules, change, get_caller (), &required, &error));
    g_assert_cmpint (change->has_owner, ==, rows[i].noted);
    if (rows[i].named != NOBODY)
      g_assert_cmpuint (change->owner.uids[1], ==, getuid () + (rows[i].named == OTHERS));
    else if (rows[i].noted)
      g_assert_true (dh_owner_equal (&change->owner, &target->owner));
  }
}

static void
test_named_process_has_exited (RightsCase *self, gconstpointer data)
{
  const DhRightsRules rules = get_rules (NULL, 0);
  g_autoptr (DhChange) change = dh_change_new (DH_CHANGE_ADD);
  g_autoptr (GError) error = NULL;
  DhActions required;

  change->process = open_process (self, 1, OWN);
  child_kill (self->children[1]);
  g_assert_false (dh_rights_for_change (&rules, change, get_caller (), &required, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_PROCESS_EXITED);
}

/* Whose exit nobody has noticed yet. */
static void
test_a_primary_that_has_just_exited_is_no_obstacle (RightsCase *self, gconstpointer data)
{
  g_autoptr (DhTarget) target = make_target (self, OTHERS, FALSE);
  const DhRightsRules rules = get_rules (target, 0);
  g_autoptr (DhChange) change = dh_change_new (DH_CHANGE_SERVICE);
  g_autoptr (GError) error = NULL;
  DhActions required;

  change->has_pid = TRUE;
  change->process = open_process (self, 1, OWN);
  child_kill (self->children[0]);
  g_assert_true (dh_rights_for_change (&rules, change, get_caller (), &required, &error));
  g_assert_cmphex (required, ==, MINE);
}

static void
add (const char *path, gconstpointer data, void (*test) (RightsCase *, gconstpointer))
{
  g_test_add (path, RightsCase, data, set_up, test, tear_down);
}

static void
add_rows (const char *name, const Row *rows, guint n_rows,
          void (*test) (RightsCase *, gconstpointer))
{
  for (guint i = 0; i < n_rows; i++) {
    g_autofree char *path = g_strdup_printf ("/rights/%s/%s", name, rows[i].name);

    add (path, &rows[i], test);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_rows ("service", service, G_N_ELEMENTS (service), test_service);
  add_rows ("addition", addition, G_N_ELEMENTS (addition), test_addition);
  add_rows ("goals", goals, G_N_ELEMENTS (goals), test_goals);
  add_rows ("ending", ending, G_N_ELEMENTS (ending), test_ending);
  add_rows ("inspection", inspection, G_N_ELEMENTS (inspection), test_inspection);
  add ("/rights/leaving-is-nobody's", NULL, test_leaving);
  add ("/rights/looks-again", NULL, test_looks_again);
  add ("/rights/notes-the-owner", NULL, test_notes_the_owner);
  add ("/rights/named-process-has-exited", NULL, test_named_process_has_exited);
  add ("/rights/a-primary-that-has-just-exited-is-no-obstacle", NULL,
       test_a_primary_that_has_just_exited_is_no_obstacle);

  return g_test_run ();
}
