/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engines/writer.h"

#include "error.h"
#include "wait.h"

#include <string.h>
#include <unistd.h>

#define WAIT_SECONDS 20
#define SHORT_MSEC 50
#define FOREVER_MSEC 3600000

/* What a job does, in this order: allows itself time, waits at the gate, fails. */
typedef struct {
  guint allow_msec[2]; /* 0: leave it */
  gboolean blocks;
  guint again_msec; /* allowed once the gate is open */
  gboolean fails;
  gboolean says_why; /* not to do so is a mistake */
} Work;

typedef struct {
  DhWriter *writer;
  GThread *main_thread;
  GMutex gate;  /* held by the main thread while jobs are to block */
  GString *log; /* the names of jobs that have run; only the running job touches it */
  gint n_running;
  pid_t thread;
  guint n_returned;
  gboolean gone;
} Fixture;

typedef struct {
  Fixture *fixture;
  char name;
  Work work;
  gboolean answered;
  gboolean result;
  GError *error;
  gboolean *freed;
} Job;

static void
on_returned (DhWriter *writer, Fixture *fixture)
{
  g_assert_true (g_thread_self () == fixture->main_thread);
  g_assert_false (dh_writer_is_stuck (writer));
  fixture->n_returned++;
}

static void
on_gone (gpointer user_data, GObject *object)
{
  Fixture *fixture = user_data;

  g_assert_true (g_thread_self () == fixture->main_thread);
  fixture->gone = TRUE;
}

static void
set_up (Fixture *fixture, gconstpointer user_data)
{
  g_mutex_init (&fixture->gate);
  fixture->main_thread = g_thread_self ();
  fixture->log = g_string_new (NULL);
  fixture->writer = dh_writer_new ("writer");
  g_signal_connect (fixture->writer, "returned", G_CALLBACK (on_returned), fixture);
  g_object_weak_ref (G_OBJECT (fixture->writer), on_gone, fixture);
}

static gboolean
is_gone (gpointer data)
{
  return ((Fixture *) data)->gone;
}

static gboolean
thread_has_ended (gpointer data)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d", (int) ((Fixture *) data)->thread);

  return !g_file_test (path, G_FILE_TEST_EXISTS);
}

/* Whoever used the writer, it goes and its thread with it. */
static void
tear_down (Fixture *fixture, gconstpointer user_data)
{
  g_clear_object (&fixture->writer);
  g_assert_true (wait_until (is_gone, fixture, WAIT_SECONDS));
  if (fixture->thread != 0)
    g_assert_true (wait_until (thread_has_ended, fixture, WAIT_SECONDS));
  g_assert_false (g_main_context_pending (NULL));
  g_mutex_clear (&fixture->gate);
  g_string_free (fixture->log, TRUE);
}

static gboolean
run (DhWriter *writer, gpointer data, GError **error)
{
  Job *job = data;

  g_assert_true (g_thread_self () != job->fixture->main_thread);
  g_assert_cmpint (g_atomic_int_add (&job->fixture->n_running, 1), ==, 0);
  job->fixture->thread = gettid ();
  for (guint i = 0; i < G_N_ELEMENTS (job->work.allow_msec); i++)
    if (job->work.allow_msec[i] != 0)
      dh_writer_allow (writer, job->work.allow_msec[i]);
  if (job->work.blocks) {
    g_mutex_lock (&job->fixture->gate);
    g_mutex_unlock (&job->fixture->gate);
  }
  if (job->work.again_msec != 0)
    dh_writer_allow (writer, job->work.again_msec);
  g_string_append_c (job->fixture->log, job->name);
  g_assert_cmpint (g_atomic_int_add (&job->fixture->n_running, -1), ==, 1);
  if (job->work.says_why)
    g_set_error (error, DH_ERROR, DH_ERROR_CONFLICT, "%c failed", job->name);
  return !job->work.fails;
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Job *job = user_data;

  g_assert_true (g_thread_self () == job->fixture->main_thread);
  g_assert_false (job->answered);
  g_assert_true (job->freed == NULL || !*job->freed);
  job->answered = TRUE;
  job->result = dh_writer_run_finish (DH_WRITER (source), result, &job->error);
}

static void
give (Fixture *fixture, Job *job, char name, const Work *work)
{
  *job = (Job){ .fixture = fixture, .name = name, .work = *work };
  dh_writer_run_async (fixture->writer, run, job, NULL, on_answered, job);
}

static gboolean
is_answered (gpointer data)
{
  return ((Job *) data)->answered;
}

static void
assert_done (Job *job)
{
  g_assert_true (wait_until (is_answered, job, WAIT_SECONDS));
  g_assert_no_error (job->error);
  g_assert_true (job->result);
}

static void
assert_failed (Job *job, DhError code)
{
  g_assert_true (wait_until (is_answered, job, WAIT_SECONDS));
  g_assert_error (job->error, DH_ERROR, (int) code);
  g_assert_false (job->result);
  g_clear_error (&job->error);
}

static gboolean
has_returned (gpointer data)
{
  return ((Fixture *) data)->n_returned > 0;
}

static void
let_it_return (Fixture *fixture)
{
  g_mutex_unlock (&fixture->gate);
  g_assert_true (wait_until (has_returned, fixture, WAIT_SECONDS));
}

/* Whether the main loop would wake up by itself. */
static gboolean
has_timer (void)
{
  GMainContext *context = g_main_context_default ();
  GPollFD fds[16];
  gint priority;
  gint timeout;

  g_assert_true (g_main_context_acquire (context));
  g_main_context_prepare (context, &priority);
  g_main_context_query (context, priority, &timeout, fds, G_N_ELEMENTS (fds));
  g_main_context_release (context);
  return timeout >= 0;
}

static const Work nothing = { 0 };
static const Work blocking = { .allow_msec = { SHORT_MSEC }, .blocks = TRUE };

/* The job is left blocked and given up on: the main thread holds the gate. */
static void
get_stuck (Fixture *fixture, Job *job)
{
  g_mutex_lock (&fixture->gate);
  give (fixture, job, 'a', &blocking);
  g_assert_false (dh_writer_is_stuck (fixture->writer));
  assert_failed (job, DH_ERROR_TIMEOUT);
  g_assert_true (dh_writer_is_stuck (fixture->writer));
}

static void
test_does_one_after_the_other (Fixture *fixture, gconstpointer user_data)
{
  Job jobs[26];
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++) {
    give (fixture, &jobs[i], (char) ('a' + i), &nothing);
    g_string_append_c (names, (char) ('a' + i));
    g_assert_false (jobs[i].answered);
  }
  for (guint i = G_N_ELEMENTS (jobs); i > 0; i--)
    assert_done (&jobs[i - 1]);
  g_assert_cmpstr (fixture->log->str, ==, names->str);
  g_assert_cmpuint (fixture->n_returned, ==, 0);
}

static void
test_does_many (Fixture *fixture, gconstpointer user_data)
{
  g_autofree Job *jobs = g_new (Job, 5000);

  for (guint i = 0; i < 5000; i++)
    give (fixture, &jobs[i], 'x', &(Work){ .allow_msec = { i % 2 == 0 ? FOREVER_MSEC : 0 } });
  for (guint i = 0; i < 5000; i++)
    assert_done (&jobs[i]);
  g_assert_cmpuint (fixture->log->len, ==, 5000);
}

static void
test_hands_on_errors (Fixture *fixture, gconstpointer user_data)
{
  Job bad;
  Job good;

  give (fixture, &bad, 'a', &(Work){ .fails = TRUE, .says_why = TRUE });
  give (fixture, &good, 'b', &nothing);
  g_assert_true (wait_until (is_answered, &bad, WAIT_SECONDS));
  g_assert_cmpstr (bad.error->message, ==, "a failed");
  assert_failed (&bad, DH_ERROR_CONFLICT);
  assert_done (&good);
}

static void
test_fails_without_an_error (Fixture *fixture, gconstpointer user_data)
{
  Job job;

  give (fixture, &job, 'a', &(Work){ .fails = TRUE });
  g_assert_true (wait_until (is_answered, &job, WAIT_SECONDS));
  g_assert_no_error (job.error);
  g_assert_false (job.result);
}

static void
test_gives_up_on_what_takes_too_long (Fixture *fixture, gconstpointer user_data)
{
  Job stuck;
  Job late;
  Job next;

  get_stuck (fixture, &stuck);
  g_assert_false (has_timer ());

  give (fixture, &late, 'b', &nothing);
  g_assert_false (late.answered);
  assert_failed (&late, DH_ERROR_BUSY);
  wait_for (2 * SHORT_MSEC);
  g_assert_cmpuint (fixture->n_returned, ==, 0);

  let_it_return (fixture);
  give (fixture, &next, 'c', &nothing);
  assert_done (&next);
  g_assert_cmpstr (fixture->log->str, ==, "ac");
  g_assert_cmpuint (fixture->n_returned, ==, 1);
}

static void
test_says_how_long (Fixture *fixture, gconstpointer user_data)
{
  Job job;

  g_mutex_lock (&fixture->gate);
  give (fixture, &job, 'a', &(Work){ .allow_msec = { 1001 }, .blocks = TRUE });
  g_assert_true (wait_until (is_answered, &job, WAIT_SECONDS));
  g_assert_nonnull (strstr (job.error->message, "has not answered for 2 s"));
  g_clear_error (&job.error);
  let_it_return (fixture);
}

static void
test_gives_up_on_what_waits_behind (Fixture *fixture, gconstpointer user_data)
{
  Job stuck;
  Job waiting[3];

  g_mutex_lock (&fixture->gate);
  give (fixture, &stuck, 'a', &blocking);
  for (guint i = 0; i < G_N_ELEMENTS (waiting); i++)
    give (fixture, &waiting[i], 'b', &nothing);
  for (guint i = 0; i < G_N_ELEMENTS (waiting); i++)
    assert_failed (&waiting[i], DH_ERROR_BUSY);
  assert_failed (&stuck, DH_ERROR_TIMEOUT);

  let_it_return (fixture);
  g_assert_cmpstr (fixture->log->str, ==, "a");
}

static void
test_more_time_can_be_allowed (Fixture *fixture, gconstpointer user_data)
{
  const Work work = { .allow_msec = { 400, FOREVER_MSEC }, .blocks = TRUE };
  Job job;

  g_mutex_lock (&fixture->gate);
  give (fixture, &job, 'a', &work);
  wait_for (600);
  g_assert_false (job.answered);
  g_mutex_unlock (&fixture->gate);
  assert_done (&job);
  g_assert_cmpuint (fixture->n_returned, ==, 0);
}

static void
test_less_time_can_be_allowed (Fixture *fixture, gconstpointer user_data)
{
  const Work work = { .allow_msec = { FOREVER_MSEC, SHORT_MSEC }, .blocks = TRUE };
  Job job;

  g_mutex_lock (&fixture->gate);
  give (fixture, &job, 'a', &work);
  assert_failed (&job, DH_ERROR_TIMEOUT);
  let_it_return (fixture);
}

static void
test_the_first_step_has_its_own_time (Fixture *fixture, gconstpointer user_data)
{
  const gint64 begin = g_get_monotonic_time ();
  Job job;

  g_mutex_lock (&fixture->gate);
  give (fixture, &job, 'a', &(Work){ .blocks = TRUE });
  assert_failed (&job, DH_ERROR_TIMEOUT);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, DH_WRITER_STEP_MSEC * 1000);
  let_it_return (fixture);
}

/* Time that is allowed to one job does not count for the next. */
static void
test_each_job_has_its_own_time (Fixture *fixture, gconstpointer user_data)
{
  Job first;
  Job second;

  give (fixture, &first, 'a', &(Work){ .allow_msec = { SHORT_MSEC } });
  assert_done (&first);
  g_mutex_lock (&fixture->gate);
  give (fixture, &second, 'b', &(Work){ .blocks = TRUE });
  wait_for (4 * SHORT_MSEC);
  g_assert_false (second.answered);
  g_mutex_unlock (&fixture->gate);
  assert_done (&second);
}

/* Once it was given up on there is no way back but its end. */
static void
test_time_comes_too_late (Fixture *fixture, gconstpointer user_data)
{
  const Work work = { .allow_msec = { SHORT_MSEC }, .blocks = TRUE, .again_msec = 1 };
  Job job;

  g_mutex_lock (&fixture->gate);
  give (fixture, &job, 'a', &work);
  assert_failed (&job, DH_ERROR_TIMEOUT);
  let_it_return (fixture);
  g_assert_cmpuint (fixture->n_returned, ==, 1);
}

static gboolean
has_run (gpointer data)
{
  return g_atomic_int_get ((gint *) data) != 0;
}

static gboolean
run_and_tell (DhWriter *writer, gpointer data, GError **error)
{
  dh_writer_allow (writer, SHORT_MSEC);
  g_atomic_int_set ((gint *) data, 1);
  return TRUE;
}

/* A main loop that was busy must not take its own lateness for the job's. */
static void
test_what_has_ended_is_not_late (Fixture *fixture, gconstpointer user_data)
{
  Job job = { .fixture = fixture };
  gint ended = 0;

  dh_writer_run_async (fixture->writer, run_and_tell, &ended, NULL, on_answered, &job);
  while (!has_run (&ended))
    g_usleep (1000);
  g_usleep (4 * SHORT_MSEC * 1000);
  assert_done (&job);
  g_assert_cmpuint (fixture->n_returned, ==, 0);
}

static gboolean
allow_more (gpointer data)
{
  dh_writer_allow (((Fixture *) data)->writer, FOREVER_MSEC);
  return G_SOURCE_REMOVE;
}

static void
wait_while_running (Fixture *fixture, gint n_running)
{
  while (g_atomic_int_get (&fixture->n_running) == n_running)
    g_usleep (1000);
}

static gboolean
let_it_end (gpointer data)
{
  Fixture *fixture = data;

  g_mutex_unlock (&fixture->gate);
  wait_while_running (fixture, 1);
  g_usleep (2 * SHORT_MSEC * 1000);
  return G_SOURCE_REMOVE;
}

/* @func is called when the main loop has seen that the time is over, but not yet acted on it. */
static void
run_at_the_last_moment (Fixture *fixture, Job *job, GSourceFunc func)
{
  g_mutex_lock (&fixture->gate);
  g_idle_add_full (G_PRIORITY_DEFAULT, func, fixture, NULL);
  give (fixture, job, 'a', &blocking);
  wait_while_running (fixture, 0);
  g_usleep (4 * SHORT_MSEC * 1000);
  g_main_context_iteration (NULL, FALSE);
  g_assert_false (job->answered);
  g_assert_false (dh_writer_is_stuck (fixture->writer));
}

static void
test_time_comes_at_the_last_moment (Fixture *fixture, gconstpointer user_data)
{
  Job job;

  run_at_the_last_moment (fixture, &job, allow_more);
  wait_for (SHORT_MSEC);
  g_assert_false (job.answered);
  g_mutex_unlock (&fixture->gate);
  assert_done (&job);
}

static void
test_ends_at_the_last_moment (Fixture *fixture, gconstpointer user_data)
{
  Job job;

  run_at_the_last_moment (fixture, &job, let_it_end);
  assert_done (&job);
  g_assert_cmpuint (fixture->n_returned, ==, 0);
}

static guint64
count_switches (pid_t thread)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/status", (int) thread);
  g_autofree char *text = NULL;
  const char *line;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  line = strstr (text, "\nvoluntary_ctxt_switches:");
  g_assert_nonnull (line);
  return g_ascii_strtoull (strchr (line, ':') + 2, NULL, 10);
}

static void
test_sleeps_when_idle (Fixture *fixture, gconstpointer user_data)
{
  guint64 switches;
  Job job;

  dh_writer_allow (fixture->writer, 1);
  g_assert_false (has_timer ());
  for (guint i = 0; i < 2; i++) {
    g_mutex_lock (&fixture->gate);
    give (fixture, &job, 'a', &(Work){ .blocks = TRUE });
    g_assert_true (has_timer ());
    g_assert_nonnull (g_main_context_find_source_by_user_data (NULL, fixture->writer));
    g_mutex_unlock (&fixture->gate);
    assert_done (&job);
    g_assert_false (has_timer ());
    g_assert_null (g_main_context_find_source_by_user_data (NULL, fixture->writer));
    g_assert_false (g_main_context_pending (NULL));
  }
  g_usleep (100000);
  switches = count_switches (fixture->thread);
  g_usleep (300000);
  g_assert_cmpuint (count_switches (fixture->thread), ==, switches);
}

static void
note_freed (gpointer data)
{
  Job *job = data;

  g_assert_true (g_thread_self () == job->fixture->main_thread);
  g_assert_false (*job->freed);
  *job->freed = TRUE;
}

static gboolean
is_set (gpointer data)
{
  return *(gboolean *) data;
}

static void
test_data_is_freed_after_the_answer (Fixture *fixture, gconstpointer user_data)
{
  gboolean freed = FALSE;
  Job job = { .fixture = fixture, .name = 'a', .freed = &freed };

  dh_writer_run_async (fixture->writer, run, &job, note_freed, on_answered, &job);
  assert_done (&job);
  g_assert_true (wait_until (is_set, &freed, WAIT_SECONDS));
}

static void
test_data_is_freed_after_the_job (Fixture *fixture, gconstpointer user_data)
{
  gboolean freed = FALSE;
  gboolean late_freed = FALSE;
  Job job = { .fixture = fixture, .name = 'a', .work = blocking, .freed = &freed };
  Job late = { .fixture = fixture, .name = 'b', .freed = &late_freed };

  g_mutex_lock (&fixture->gate);
  dh_writer_run_async (fixture->writer, run, &job, note_freed, on_answered, &job);
  assert_failed (&job, DH_ERROR_TIMEOUT);
  dh_writer_run_async (fixture->writer, run, &late, note_freed, on_answered, &late);
  assert_failed (&late, DH_ERROR_BUSY);
  g_assert_true (wait_until (is_set, &late_freed, WAIT_SECONDS));
  g_assert_false (freed);
  g_mutex_unlock (&fixture->gate);
  g_assert_true (wait_until (is_set, &freed, WAIT_SECONDS));
}

static void
test_goes_without_having_worked (Fixture *fixture, gconstpointer user_data)
{
  g_clear_object (&fixture->writer);
  g_assert_true (fixture->gone);
}

/* Given away with work under way and waiting: all of it is done and answered. */
static void
test_goes_when_all_is_done (Fixture *fixture, gconstpointer user_data)
{
  Job jobs[3];

  g_mutex_lock (&fixture->gate);
  give (fixture, &jobs[0], 'a', &(Work){ .blocks = TRUE });
  give (fixture, &jobs[1], 'b', &(Work){ .fails = TRUE, .says_why = TRUE });
  give (fixture, &jobs[2], 'c', &nothing);
  g_clear_object (&fixture->writer);
  wait_for (SHORT_MSEC);
  g_assert_false (fixture->gone);
  g_mutex_unlock (&fixture->gate);
  assert_done (&jobs[2]);
  assert_failed (&jobs[1], DH_ERROR_CONFLICT);
  assert_done (&jobs[0]);
}

static void
test_goes_when_the_kernel_returns (Fixture *fixture, gconstpointer user_data)
{
  const Work work = { .allow_msec = { SHORT_MSEC }, .blocks = TRUE, .again_msec = FOREVER_MSEC };
  Job stuck;
  Job late;

  g_mutex_lock (&fixture->gate);
  give (fixture, &stuck, 'a', &work);
  give (fixture, &late, 'b', &nothing);
  g_clear_object (&fixture->writer);
  assert_failed (&stuck, DH_ERROR_TIMEOUT);
  assert_failed (&late, DH_ERROR_BUSY);
  g_assert_false (fixture->gone);
  g_mutex_unlock (&fixture->gate);
  g_assert_true (wait_until (is_gone, fixture, WAIT_SECONDS));
  g_assert_cmpstr (fixture->log->str, ==, "a");
}

static void
give_another (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Job *job = user_data;

  g_assert_true (dh_writer_run_finish (DH_WRITER (source), result, NULL));
  give (job->fixture, job, 'c', &nothing);
}

static void
test_work_can_be_given_from_an_answer (Fixture *fixture, gconstpointer user_data)
{
  Job first = { .fixture = fixture, .name = 'a' };
  Job second;
  Job third = { .fixture = fixture };

  dh_writer_run_async (fixture->writer, run, &first, NULL, give_another, &third);
  give (fixture, &second, 'b', &nothing);
  assert_done (&third);
  assert_done (&second);
  g_assert_cmpstr (fixture->log->str, ==, "abc");
}

static void
give_when_returned (DhWriter *writer, Job *job)
{
  give (job->fixture, job, 'b', &nothing);
}

static void
test_work_can_be_given_when_it_returned (Fixture *fixture, gconstpointer user_data)
{
  Job stuck;
  Job next = { .fixture = fixture };

  g_signal_connect (fixture->writer, "returned", G_CALLBACK (give_when_returned), &next);
  get_stuck (fixture, &stuck);
  g_mutex_unlock (&fixture->gate);
  assert_done (&next);
  g_assert_cmpstr (fixture->log->str, ==, "ab");
}

static void
test_needs_no_caller (Fixture *fixture, gconstpointer user_data)
{
  Job job = { .fixture = fixture, .name = 'a' };
  Job last;

  dh_writer_run_async (fixture->writer, run, &job, NULL, NULL, NULL);
  give (fixture, &last, 'b', &nothing);
  assert_done (&last);
  g_assert_cmpstr (fixture->log->str, ==, "ab");
}

#define RACES 300

static gboolean
run_a_while (DhWriter *writer, gpointer data, GError **error)
{
  for (guint i = 0; i < GPOINTER_TO_UINT (data) % 7; i++) {
    dh_writer_allow (writer, i % 3);
    g_usleep (GPOINTER_TO_UINT (data) % 1000);
  }
  return TRUE;
}

static void
count_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!dh_writer_run_finish (DH_WRITER (source), result, &error))
    g_assert_true (g_error_matches (error, DH_ERROR, DH_ERROR_TIMEOUT)
                   || g_error_matches (error, DH_ERROR, DH_ERROR_BUSY));
  (*(guint *) user_data)++;
}

static gboolean
all_answered (gpointer data)
{
  return *(guint *) data == RACES;
}

/* Deadlines about when the job ends: each is answered once, whichever comes first. */
static void
test_survives_races (Fixture *fixture, gconstpointer user_data)
{
  guint n_answers = 0;

  for (guint i = 0; i < RACES; i++) {
    dh_writer_run_async (fixture->writer, run_a_while, GUINT_TO_POINTER (i * 7919), NULL,
                         count_answer, &n_answers);
    if (i % 3 == 0)
      wait_for (1);
  }
  g_assert_true (wait_until (all_answered, &n_answers, WAIT_SECONDS));
}

#define ADD(name, function) g_test_add ("/writer/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("does-one-after-the-other", test_does_one_after_the_other);
  ADD ("does-many", test_does_many);
  ADD ("hands-on-errors", test_hands_on_errors);
  ADD ("fails-without-an-error", test_fails_without_an_error);
  ADD ("gives-up-on-what-takes-too-long", test_gives_up_on_what_takes_too_long);
  ADD ("says-how-long", test_says_how_long);
  ADD ("gives-up-on-what-waits-behind", test_gives_up_on_what_waits_behind);
  ADD ("more-time-can-be-allowed", test_more_time_can_be_allowed);
  ADD ("less-time-can-be-allowed", test_less_time_can_be_allowed);
  ADD ("the-first-step-has-its-own-time", test_the_first_step_has_its_own_time);
  ADD ("each-job-has-its-own-time", test_each_job_has_its_own_time);
  ADD ("time-comes-too-late", test_time_comes_too_late);
  ADD ("what-has-ended-is-not-late", test_what_has_ended_is_not_late);
  ADD ("time-comes-at-the-last-moment", test_time_comes_at_the_last_moment);
  ADD ("ends-at-the-last-moment", test_ends_at_the_last_moment);
  ADD ("sleeps-when-idle", test_sleeps_when_idle);
  ADD ("data-is-freed-after-the-answer", test_data_is_freed_after_the_answer);
  ADD ("data-is-freed-after-the-job", test_data_is_freed_after_the_job);
  ADD ("goes-without-having-worked", test_goes_without_having_worked);
  ADD ("goes-when-all-is-done", test_goes_when_all_is_done);
  ADD ("goes-when-the-kernel-returns", test_goes_when_the_kernel_returns);
  ADD ("work-can-be-given-from-an-answer", test_work_can_be_given_from_an_answer);
  ADD ("work-can-be-given-when-it-returned", test_work_can_be_given_when_it_returned);
  ADD ("needs-no-caller", test_needs_no_caller);
  ADD ("survives-races", test_survives_races);
  return g_test_run ();
}
