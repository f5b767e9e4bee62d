/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "cpu-time.h"
#include "engine-case.h"
#include "measurement.h"
#include "measures.h"
#include "shares.h"

#include <signal.h>

#include <stdio.h>
#include <unistd.h>

/* 2.6 GiB with what Redis needs beside the values. Values are small, so that looking for them is
 * what it does most. */
#define KEYS 15000000
#define SMOKE_KEYS 500000
#define VALUE_BYTES "80"

#define FILL_SECONDS 300
#define COMPLETE_PERCENT 95

/* Three of them on one processor, each in another state, are asked by turns, so that what others on
 * the host do falls on all states alike. The states go around every so many rounds. */
#define N_SERVERS ROUND_STATES
#define ROUNDS_A_STATE 3
#define TURN_MILLISECONDS 250
#define WARM_UP_MILLISECONDS 3000
#define LOAD_PROCESSOR 0
#define SERVER_PROCESSOR 1

/* Debian's redis-tools has the server by another name. */
#define SERVER "/usr/bin/redis-check-rdb"

static const char fill_script[] = "local value = string.rep('x', ARGV[2])\n"
                                  "for i = 0, ARGV[1] - 1 do\n"
                                  "  redis.call('set', string.format('key:%012d', i), value)\n"
                                  "end\n";

typedef struct {
  char *socket;
  char *keys;
  User *user;
  Child *server;
  Child *filler;
  Child *load;
  GArray *set;
} Redis;

typedef struct {
  Redis *servers[N_SERVERS];
  guint turns; /* of each server in each round */
} Redises;

/* As alice. */
static Child *
spawn (Redis *self, const char *const *argv)
{
  return child_spawn (argv, &(ChildOptions){ .user = self->user, .log = "/dev/null" });
}

/* The first line that it prints and that begins with @prefix. Returns: (transfer full) */
static char *
ask (Redis *self, const char *const *words, const char *prefix, guint seconds)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (Child) child = NULL;
  g_auto (GStrv) argv = NULL;

  g_strv_builder_add_many (builder, "redis-cli", "-s", self->socket, NULL);
  g_strv_builder_addv (builder, (const char **) words);
  argv = g_strv_builder_end (builder);
  child = child_spawn ((const char *const *) argv, &(ChildOptions){ .pipe_output = TRUE });
  return child_expect_line (child, prefix, seconds);
}

static gboolean
has_socket (gpointer data)
{
  const Redis *self = data;

  return g_file_test (self->socket, G_FILE_TEST_EXISTS);
}

static void
start_server (Redis *self, Fixture *fixture)
{
  g_autofree char *server = g_strconcat (self->socket, "-server", NULL);
  g_autofree char *folder = g_build_filename (fixture->directory, "shared", NULL);
  const char *arguments[] = { server, "--port", "0", "--unixsocket", self->socket, "--dir",
                              folder, "--save", "",  "--appendonly", "no",         "--disable-thp",
                              "no",   NULL };

  g_assert_no_errno (symlink (SERVER, server));
  self->server = spawn (self, arguments);
  g_assert_true (wait_until (has_socket, self, 10));
}

static void
begin_to_fill (Redis *self)
{
  const char *argv[] = { "redis-cli", "-s",       self->socket, "eval", fill_script,
                         "0",         self->keys, VALUE_BYTES,  NULL };

  self->filler = child_spawn (argv, &(ChildOptions){ .pipe_output = TRUE });
}

static void
finish_filling (Redis *self)
{
  const char *size[] = { "dbsize", NULL };
  g_autofree char *answer = child_expect_line (self->filler, "", FILL_SECONDS);
  g_autofree char *n = ask (self, size, "", 10);

  g_clear_pointer (&self->filler, child_free);
  g_assert_cmpstr (n, ==, self->keys);
}

static void
start_load (Redis *self)
{
  const char *arguments[] = { "redis-benchmark",
                              "-s",
                              self->socket,
                              "-l",
                              "-q",
                              "-c",
                              "16",
                              "-P",
                              "64",
                              "-r",
                              self->keys,
                              "-n",
                              "1000000000",
                              "GET",
                              "key:__rand_int__",
                              NULL };

  self->load = spawn (self, arguments);
  cpu_pin (child_get_pid (self->load), LOAD_PROCESSOR);
  cpu_pin (child_get_pid (self->server), SERVER_PROCESSOR);
}

static guint64
count_commands (gpointer data)
{
  const char *words[] = { "info", "stats", NULL };
  g_autofree char *line = ask (data, words, "total_commands_processed:", 10);
  guint64 n = 0;

  g_assert_cmpint (sscanf (line, "total_commands_processed:%lu", &n), ==, 1);
  return n;
}

/* All keys are asked for alike. */
static gboolean
is_complete (gpointer data)
{
  const Redis *self = data;
  const GPid pid = child_get_pid (self->server);

  return engine_read_memory (pid, "AnonHugePages") * 100
         >= engine_read_memory (pid, "Anonymous") * COMPLETE_PERCENT;
}

static Redis *
redis_new (Fixture *fixture, guint number, gboolean smoke)
{
  g_autofree char *name = g_strdup_printf ("redis%u", number);
  Redis *self = g_new0 (Redis, 1);

  self->socket = g_build_filename (fixture->directory, "shared", name, NULL);
  self->keys = g_strdup_printf ("%d", smoke ? SMOKE_KEYS : KEYS);
  self->user = user_lookup ("alice");
  start_server (self, fixture);
  begin_to_fill (self);
  return self;
}

static void
redis_free (Redis *self)
{
  child_free (self->load);
  child_free (self->server);
  user_free (self->user);
  g_array_unref (self->set);
  g_free (self->keys);
  g_free (self->socket);
  g_free (self);
}

/* What the service makes huge of it while it is asked. */
static void
read_set (Redis *self, Fixture *fixture, gboolean smoke)
{
  const GPid pid = child_get_pid (self->server);

  /* The load takes a third of a second to begin. */
  child_signal (self->load, SIGCONT);
  wait_for (smoke ? 500 : WARM_UP_MILLISECONDS);
  self->set = share_read_set (fixture, pid, smoke, is_complete, self);
  child_signal (self->load, SIGSTOP);
  tell ("%u blocks of %" G_GUINT64_FORMAT " MiB", self->set->len,
        engine_read_memory (pid, "Anonymous") >> 20);
}

static void
take_turns (const Redises *self)
{
  for (guint i = 0; i < self->turns; i++)
    for (guint j = 0; j < N_SERVERS; j++) {
      child_signal (self->servers[j]->load, SIGCONT);
      wait_for (TURN_MILLISECONDS);
      child_signal (self->servers[j]->load, SIGSTOP);
    }
}

/* Commands per second of the processor's. */
static Round
run_round (guint number, gpointer data)
{
  const Redises *self = data;
  const guint around = number / ROUNDS_A_STATE;
  double commands[N_SERVERS], seconds[N_SERVERS];
  Round round;

  for (guint i = 0; i < N_SERVERS; i++) {
    Redis *server = self->servers[i];

    if (number % ROUNDS_A_STATE == 0)
      share_put (child_get_pid (server->server), server->set,
                 (ShareState) ((around + i) % ROUND_STATES));
    commands[i] = -(double) count_commands (server);
    seconds[i] = -cpu_time_get (child_get_pid (server->server));
  }
  take_turns (self);
  for (guint i = 0; i < N_SERVERS; i++) {
    seconds[i] += cpu_time_get (child_get_pid (self->servers[i]->server));
    commands[i] += (double) count_commands (self->servers[i]);
    round.state[(around + i) % ROUND_STATES] = commands[i] / seconds[i];
  }
  return round;
}

void
measure_redis (gboolean smoke, gboolean is_long)
{
  const gint64 start = g_get_monotonic_time ();
  Redises redises = { .turns = smoke ? 2 : SHARE_MILLISECONDS / TURN_MILLISECONDS };
  Fixture fixture = { 0 };

  fixture_set_up_all (&fixture, NULL);
  for (guint i = 0; i < N_SERVERS; i++)
    redises.servers[i] = redis_new (&fixture, i, smoke);
  for (guint i = 0; i < N_SERVERS; i++) {
    finish_filling (redises.servers[i]);
    start_load (redises.servers[i]);
    child_signal (redises.servers[i]->load, SIGSTOP);
  }
  engine_warm_host (smoke ? 200 : 6144);
  for (guint i = 0; i < N_SERVERS; i++)
    read_set (redises.servers[i], &fixture, smoke);
  fixture_service_stop (&fixture);
  report ("redis-share", share_estimate (run_round, &redises, smoke ? 1 : SHARE_ROUNDS, start));
  for (guint i = 0; i < N_SERVERS; i++)
    redis_free (redises.servers[i]);
  fixture_tear_down (&fixture, NULL);
}
