/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "process-list.h"

#include "descriptors.h"
#include "error.h"
#include "fake-root.h"
#include "process-list-case.h"
#include "second-thread.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <systemd/sd-login.h>

/* What is listed, and what is said of it. */

#define SOMEBODY 65534
#define MEBIBYTE (1 << 20)

static void
get_list (Caller *caller)
{
  g_autoptr (DhProcessList) list = dh_process_list_new ("/");

  caller_get (caller, list);
  g_assert_no_error (caller->error);
}

static const DhListedProcess *
get_listed (const Caller *caller, const Child *child)
{
  const DhListedProcess *listed = caller_find (caller, child->pid);

  g_assert_nonnull (listed);
  return listed;
}

static void
test_lists_who_could_be_a_target (void)
{
  g_autoptr (Child) first = child_new (NULL), second = child_new (NULL);
  g_autoptr (Child) of_two_threads = child_new (prepare_second_thread);
  g_auto (Caller) caller = { 0 };
  guint32 last = 0;

  get_list (&caller);
  get_listed (&caller, first);
  get_listed (&caller, second);
  get_listed (&caller, of_two_threads);
  for (guint i = 0; i < caller.list->len; i++) {
    const DhListedProcess *listed = g_ptr_array_index (caller.list, i);

    g_assert_cmpuint (listed->pid, >, last);
    last = listed->pid;
  }
}

static void
test_lists_nobody_else (void)
{
  g_autoptr (Child) zombie = child_new (NULL), gone = child_new (NULL);
  g_autoptr (Child) of_two_threads = child_new (prepare_second_thread);
  g_autoptr (Child) without_leader = child_new (prepare_second_thread);
  g_auto (Caller) caller = { 0 };

  child_kill (zombie);
  child_reap (gone);
  child_end_leader (without_leader);
  get_list (&caller);
  g_assert_null (caller_find (&caller, 1));
  g_assert_null (caller_find (&caller, getpid ()));
  g_assert_null (caller_find (&caller, zombie->pid));
  g_assert_null (caller_find (&caller, gone->pid));
  g_assert_null (caller_find (&caller, child_find_second_thread (of_two_threads)));
  g_assert_null (caller_find (&caller, without_leader->pid));
  g_assert_null (caller_find (&caller, child_find_second_thread (without_leader)));
}

static void
test_lists_no_kernel_thread (void)
{
  g_autofree char *name = NULL;
  g_auto (Caller) caller = { 0 };

  if (!g_file_get_contents ("/proc/2/comm", &name, NULL, NULL)
      || !g_str_equal (name, "kthreadd\n")) {
    g_test_skip ("no kernel thread can be seen from here");
    return;
  }
  get_list (&caller);
  g_assert_null (caller_find (&caller, 2));
  for (guint i = 0; i < caller.list->len; i++) {
    const DhListedProcess *listed = g_ptr_array_index (caller.list, i);
    g_autofree char *path = g_strdup_printf ("/proc/%u/status", listed->pid);
    g_autofree char *status = NULL;

    if (g_file_get_contents (path, &status, NULL, NULL))
      g_assert_null (strstr (status, "\nPPid:\t2\n"));
  }
}

static void
take_name_with_spaces (void)
{
  prctl (PR_SET_NAME, " a (b) c ");
}

static void
take_name_with_escape (void)
{
  prctl (PR_SET_NAME, "\033[31mred");
}

static void
take_name_of_two_lines (void)
{
  prctl (PR_SET_NAME, "a\nUid:\t0\n");
}

static void
take_name_of_bytes (void)
{
  prctl (PR_SET_NAME, "\xff\xfe\\ \u202e");
}

static void
take_empty_name (void)
{
  prctl (PR_SET_NAME, "");
}

static void
test_names_are_printable (void)
{
  static const struct {
    void (*prepare) (void);
    const char *name;
  } rows[] = {
    { take_name_with_spaces, " a (b) c " },
    { take_name_with_escape, "\\x1b[31mred" },
    { take_name_of_two_lines, "a\\x0aUid:\\x090\\x0a" },
    { take_name_of_bytes, "\\xff\\xfe\\\\ \\xe2\\x80\\xae" },
    { take_empty_name, "" },
  };
  Child *children[G_N_ELEMENTS (rows)];
  g_auto (Caller) caller = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    children[i] = child_new (rows[i].prepare);
  get_list (&caller);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_assert_cmpstr (get_listed (&caller, children[i])->name, ==, rows[i].name);
    g_assert_cmpuint (get_listed (&caller, children[i])->owner.uids[1], ==, geteuid ());
    child_free (children[i]);
  }
}

static void
become_somebody (void)
{
  if (setresgid (SOMEBODY, SOMEBODY, SOMEBODY) < 0 || setresuid (SOMEBODY, SOMEBODY, SOMEBODY) < 0
      || prctl (PR_SET_DUMPABLE, 1) < 0)
    _exit (1);
}

static void
become_undumpable (void)
{
  become_somebody ();
  if (prctl (PR_SET_DUMPABLE, 0) < 0)
    _exit (1);
}

static void
test_tells_whose_it_is (void)
{
  static const struct {
    void (*prepare) (void);
    gboolean somebodys;
  } rows[] = { { NULL, FALSE }, { become_somebody, TRUE }, { become_undumpable, FALSE } };

  if (geteuid () != 0) {
    g_test_skip ("only root can become another user");
    return;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (Child) child = child_new (rows[i].prepare);
    g_auto (Caller) caller = { 0 };

    get_list (&caller);
    g_assert_cmpint (dh_owner_is_own (&get_listed (&caller, child)->owner, SOMEBODY, SOMEBODY), ==,
                     rows[i].somebodys);
  }
}

static void
fill_memory (void)
{
  char *memory =
    mmap (NULL, 64 * MEBIBYTE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (memory == MAP_FAILED)
    _exit (1);
  /* As it is without huge pages: what is written to is what is resident. */
  madvise (memory, 64 * MEBIBYTE, MADV_NOHUGEPAGE);
  memset (memory, 1, 48 * MEBIBYTE);
}

/* Shared memory is not anonymous. */
static void
fill_shared_memory (void)
{
  char *memory =
    mmap (NULL, 64 * MEBIBYTE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  if (memory == MAP_FAILED)
    _exit (1);
  memset (memory, 1, 48 * MEBIBYTE);
}

static void
test_tells_how_much_memory_it_has (void)
{
  g_autoptr (Child) plain = child_new (NULL), large = child_new (fill_memory);
  g_autoptr (Child) sharing = child_new (fill_shared_memory);
  g_auto (Caller) caller = { 0 };
  guint64 least;

  get_list (&caller);
  least = get_listed (&caller, plain)->anonymous_bytes;
  g_assert_cmpuint (least, >, 0);
  g_assert_cmpuint (get_listed (&caller, large)->anonymous_bytes, >=, least + 46 * MEBIBYTE);
  g_assert_cmpuint (get_listed (&caller, large)->anonymous_bytes, <=, least + 50 * MEBIBYTE);
  g_assert_cmpuint (get_listed (&caller, sharing)->anonymous_bytes, <=, least + 2 * MEBIBYTE);
}

static void
test_tells_the_units_that_systemd_knows (void)
{
  g_autoptr (Child) child = child_new (NULL);
  g_auto (Caller) caller = { 0 };
  char *expected = NULL;

  get_list (&caller);
  sd_pid_get_unit (child->pid, &expected);
  g_assert_cmpstr (get_listed (&caller, child)->unit, ==, expected);
  g_clear_pointer (&expected, free);
  sd_pid_get_user_unit (child->pid, &expected);
  g_assert_cmpstr (get_listed (&caller, child)->user_unit, ==, expected);
  free (expected);
}

static void
test_passes_over_what_is_no_process (FakeRoot *root, gconstpointer data)
{
  static const char *const names[] = { "self",       "0",          "-5",
                                       "+5",         "12x",        "5 ",
                                       "2147483647", "2147483648", "99999999999999999999" };
  g_autoptr (DhProcessList) list = dh_process_list_new (root->path);
  g_autoptr (Child) child = child_new (NULL), nonsense = child_new (NULL);
  g_autofree char *status = g_strdup_printf ("proc/%d/status", nonsense->pid);
  g_auto (Caller) caller = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *file = g_strdup_printf ("proc/%s/status", names[i]);

    fake_root_add_file (root, file, "Name:\tname\n");
  }
  fake_root_add_process (root, nonsense->pid);
  fake_root_add_file (root, status, "nonsense");
  fake_root_add_process (root, child->pid);
  caller_get (&caller, list);
  get_listed (&caller, child);
  g_assert_cmpuint (caller.list->len, ==, 1);
}

/* So many that the loop would stand still for long if it had to do it. */
static void
test_the_loop_goes_round_while_hundreds_are_listed (void)
{
  g_autoptr (DhProcessList) list = dh_process_list_new ("/");
  Child *children[300];
  g_auto (Caller) caller = { 0 };
  guint rounds = 0;

  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    children[i] = child_new (NULL);
  caller_ask (&caller, list);
  while (!caller.done) {
    g_main_context_iteration (NULL, FALSE);
    rounds++;
  }
  g_test_message ("%u rounds", rounds);
  g_assert_cmpuint (rounds, >, 20);
  for (guint i = 0; i < G_N_ELEMENTS (children); i++) {
    g_assert_nonnull (caller_find (&caller, children[i]->pid));
    child_free (children[i]);
  }
}

#define ENOUGH 4

/* Leaves this process @n free descriptors, at most ENOUGH. */
static void
limit_descriptors (guint n)
{
  int taken[ENOUGH + 1];
  struct rlimit limit;

  for (guint i = 0; i <= n; i++) {
    taken[i] = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    g_assert_no_errno (taken[i]);
  }
  for (guint i = 0; i <= n; i++)
    close (taken[i]);
  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  limit.rlim_cur = (rlim_t) taken[n];
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
}

/* The folder, and of one process after the other two that hold it and one file. */
static void
test_needs_four_descriptors (void)
{
  g_autoptr (Child) first = child_new (NULL), second = child_new (NULL);
  struct rlimit limit;
  const guint before = count_descriptors ();

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  for (guint n = 0; n <= ENOUGH; n++) {
    g_autoptr (DhProcessList) list = dh_process_list_new ("/");
    g_auto (Caller) caller = { 0 };

    g_test_message ("%u", n);
    limit_descriptors (n);
    caller_get (&caller, list);
    g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
    if (n < ENOUGH) {
      g_assert_error (caller.error, DH_ERROR, DH_ERROR_LIMIT_EXCEEDED);
      continue;
    }
    g_assert_nonnull (caller_find (&caller, first->pid));
    g_assert_nonnull (caller_find (&caller, second->pid));
  }
  g_assert_cmpuint (count_descriptors (), ==, before);
}

#define ADD(name, function) g_test_add_func ("/process-list/" name, function)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("lists-who-could-be-a-target", test_lists_who_could_be_a_target);
  ADD ("lists-nobody-else", test_lists_nobody_else);
  ADD ("lists-no-kernel-thread", test_lists_no_kernel_thread);
  ADD ("names-are-printable", test_names_are_printable);
  ADD ("tells-whose-it-is", test_tells_whose_it_is);
  ADD ("tells-how-much-memory-it-has", test_tells_how_much_memory_it_has);
  ADD ("tells-the-units-that-systemd-knows", test_tells_the_units_that_systemd_knows);
  g_test_add ("/process-list/passes-over-what-is-no-process", FakeRoot, NULL, fake_root_set_up,
              test_passes_over_what_is_no_process, fake_root_tear_down);
  ADD ("the-loop-goes-round-while-hundreds-are-listed",
       test_the_loop_goes_round_while_hundreds_are_listed);
  ADD ("needs-four-descriptors", test_needs_four_descriptors);
  return g_test_run ();
}
