/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engine-case.h"
#include "measurement.h"
#include "measures.h"
#include "shares.h"

#include <stdio.h>
#include <unistd.h>

/* 2.8 GiB with what Redis needs beside the values. */
#define KEYS 6000000
#define SMOKE_KEYS 300000
#define VALUE_BYTES "400"

#define FILL_SECONDS 120
#define COMPLETE_PERCENT 98

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
  Child *load;
} Redis;

/* Pinned to @processor, as alice. */
static Child *
spawn (Redis *self, const char *processor, const char *const *arguments)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) argv = NULL;

  g_strv_builder_add_many (builder, "taskset", "--cpu-list", processor, NULL);
  g_strv_builder_addv (builder, (const char **) arguments);
  argv = g_strv_builder_end (builder);
  return child_spawn ((const char *const *) argv,
                      &(ChildOptions){ .user = self->user, .log = "/dev/null" });
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
  g_autofree char *server = g_build_filename (fixture->directory, "bin", "redis-server", NULL);
  g_autofree char *folder = g_build_filename (fixture->directory, "shared", NULL);
  const char *arguments[] = { server, "--port", "0", "--unixsocket", self->socket, "--dir",
                              folder, "--save", "",  "--appendonly", "no",         "--disable-thp",
                              "no",   NULL };

  g_assert_no_errno (symlink (SERVER, server));
  self->server = spawn (self, "1", arguments);
  g_assert_true (wait_until (has_socket, self, 10));
}

static void
fill (Redis *self)
{
  const char *words[] = { "eval", fill_script, "0", self->keys, VALUE_BYTES, NULL };
  const char *size[] = { "dbsize", NULL };
  g_autofree char *answer = ask (self, words, "", FILL_SECONDS);
  g_autofree char *n = ask (self, size, "", 10);

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
                              "10000000",
                              "GET",
                              "key:__rand_int__",
                              NULL };

  self->load = spawn (self, "0", arguments);
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
redis_new (Fixture *fixture, gboolean smoke)
{
  Redis *self = g_new0 (Redis, 1);

  self->socket = g_build_filename (fixture->directory, "shared", "redis", NULL);
  self->keys = g_strdup_printf ("%d", smoke ? SMOKE_KEYS : KEYS);
  self->user = user_lookup ("alice");
  start_server (self, fixture);
  fill (self);
  start_load (self);
  return self;
}

static void
redis_free (Redis *self)
{
  child_free (self->load);
  child_free (self->server);
  user_free (self->user);
  g_free (self->keys);
  g_free (self->socket);
  g_free (self);
}

void
measure_redis (gboolean smoke, gboolean is_long)
{
  const gint64 start = g_get_monotonic_time ();
  g_autoptr (GArray) set = NULL;
  Fixture fixture = { 0 };
  Redis *redis;
  Share share;
  GPid pid;

  fixture_set_up_all (&fixture, NULL);
  redis = redis_new (&fixture, smoke);
  pid = child_get_pid (redis->server);
  engine_warm_host (smoke ? 200 : 3072);
  tell ("%" G_GUINT64_FORMAT " MiB", engine_read_memory (pid, "Anonymous") >> 20);
  set = share_read_set (&fixture, pid, smoke, is_complete, redis);
  share = share_new (pid, set, start, smoke);
  share.count = count_commands;
  share.data = redis;
  report ("redis-share", share_estimate (&share));
  redis_free (redis);
  fixture_tear_down (&fixture, NULL);
}
