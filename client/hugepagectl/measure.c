/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "measure.h"

#include "units.h"

#include <signal.h>

/* Longer than any number. */
#define MAX_LINE_BYTES 128

typedef struct {
  const char *name;
  GSubprocess *process;
  GPollableInputStream *output;
  GString *line;
  gboolean has_line; /* all of it */
  gboolean ended;
  GError *error;
} Measurement;

gboolean
hctl_measure_parse (const char *line, guint32 *ret_value, GError **error)
{
  g_autofree char *text = g_strstrip (g_strdup (line));
  g_autoptr (GVariant) value = hctl_units_parse ("Feedback", "u", text, NULL);

  if (value != NULL && g_variant_get_uint32 (value) <= HCTL_MEASURE_MAX) {
    *ret_value = g_variant_get_uint32 (value);
    return TRUE;
  }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "“%s” is no whole number from 0 to %d, and no percentage", text, HCTL_MEASURE_MAX);
  return FALSE;
}

/* Takes what belongs to the first line. */
static void
take_output (Measurement *self, const char *bytes, gsize n)
{
  for (gsize i = 0; i < n && !self->has_line; i++) {
    if (bytes[i] == '\n' || self->line->len == MAX_LINE_BYTES)
      self->has_line = TRUE;
    else
      g_string_append_c (self->line, bytes[i]);
  }
}

/* In the child. */
static void
unblock_signals (gpointer data)
{
  sigset_t none;

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
}

/* Returns: NULL with a G_SPAWN_ERROR. */
static GSubprocess *
start (const char *const *argv, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher =
    g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);

  /* GSubprocess takes it for a mistake of the program's. */
  if (*argv[0] == '\0') {
    g_set_error_literal (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "The command has no name");
    return NULL;
  }
  g_subprocess_launcher_set_child_setup (launcher, unblock_signals, NULL, NULL);
  return g_subprocess_launcher_spawnv (launcher, argv, error);
}

/* Reads what there is. Returns: whether there may be more later. */
static gboolean
drain (Measurement *self)
{
  char buffer[4096];

  for (;;) {
    g_autoptr (GError) error = NULL;
    gssize n =
      g_pollable_input_stream_read_nonblocking (self->output, buffer, sizeof buffer, NULL, &error);

    if (n <= 0)
      return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
    take_output (self, buffer, (gsize) n);
  }
}

static gboolean
on_output (GObject *stream, gpointer user_data)
{
  return drain (user_data) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
on_ended (GObject *process, GAsyncResult *result, gpointer user_data)
{
  Measurement *self = user_data;

  if (!g_subprocess_wait_finish (G_SUBPROCESS (process), result, &self->error))
    g_subprocess_send_signal (G_SUBPROCESS (process), SIGTERM);
  self->ended = TRUE;
}

static gboolean
evaluate (Measurement *self, guint32 *ret_value, GError **error)
{
  if (self->error != NULL) {
    g_propagate_error (error, g_steal_pointer (&self->error));
    return FALSE;
  }
  if (g_subprocess_get_if_signaled (self->process)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s was ended by signal %d", self->name,
                 g_subprocess_get_term_sig (self->process));
    return FALSE;
  }
  if (!g_subprocess_get_successful (self->process)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s failed with exit code %d", self->name,
                 g_subprocess_get_exit_status (self->process));
    return FALSE;
  }
  if (self->line->len == 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s printed nothing", self->name);
    return FALSE;
  }
  return hctl_measure_parse (self->line->str, ret_value, error);
}

gboolean
hctl_measure_run (const char *const *argv, GCancellable *cancellable, guint32 *ret_value,
                  GError **error)
{
  g_autoptr (GSubprocess) process = start (argv, error);
  g_autoptr (GString) line = g_string_new (NULL);
  g_autoptr (GSource) source = NULL;
  Measurement self = { .name = argv[0], .process = process, .line = line };

  if (process == NULL)
    return FALSE;

  self.output = G_POLLABLE_INPUT_STREAM (g_subprocess_get_stdout_pipe (process));
  source = g_pollable_input_stream_create_source (self.output, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (on_output), &self, NULL);
  g_source_attach (source, NULL);
  g_subprocess_wait_async (process, cancellable, on_ended, &self);
  while (!self.ended)
    g_main_context_iteration (NULL, TRUE);
  g_source_destroy (source);

  /* Something that it left behind may keep the pipe open. */
  drain (&self);
  return evaluate (&self, ret_value, error);
}
