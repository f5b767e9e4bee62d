/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "authority.h"

#include "error.h"
#include "joined-tasks.h"
#include "text.h"
#include "turns.h"

#include <polkit/polkit.h>

/* The bus answers from memory; a bus that does not is down. */
#define UID_TIMEOUT_MSEC 5000

/* Most answers come sooner: only for those that do not, the bus is asked to tell of the caller's
 * leaving, which takes as many messages again as the question itself. */
#define WATCH_AFTER_MSEC 100

#define CAUSE_MAX_BYTES 256

/* Callers whose user is remembered; one who connects anew each time is no reason to grow. */
#define MAX_KNOWN 64

/* Source tags; a function cannot be one in ISO C. */
static char check_tag;
static char uid_tag;

struct _DhAuthority {
  GObject parent_instance;

  GDBusConnection *connection;
  DhPresence *presence;
  GHashTable *open;           /* sender → number of its open questions, never 0 */
  DhTurns *turns;             /* at polkit */
  DhJoinedTasks *identifying; /* by sender: whose user the bus is asked for */
  GHashTable *uids; /* sender → uid of callers that were identified: the bus gives a unique name to
                       one connection and never again */

  PolkitAuthority *polkit; /* NULL until the first question */
  gboolean acquiring;      /* polkit is being obtained */
  GQueue waiting;          /* GTask: the questions that wait for it */
};

G_DEFINE_FINAL_TYPE (DhAuthority, dh_authority, G_TYPE_OBJECT)

/* Task data of a question. */
typedef struct {
  char *sender;
  DhAction action;
  PolkitDetails *details;
  gboolean interactive;

  gboolean closed; /* answered: what polkit says from now on is of no interest */
  GCancellable *cancellable;
  GSource *caller_cancelled;
  GSource *deadline;
  GSource *watch_delay;
  DhPresenceWatch *watch; /* NULL until polkit takes long */
  DhTurn *turn;
} Question;

typedef enum {
  REFUSAL_DENIED,
  REFUSAL_INTERACTION_REQUIRED,
  REFUSAL_NO_AGENT,
  REFUSAL_DISMISSED,
  REFUSAL_NO_ANSWER,
  REFUSAL_CALLER_LEFT,
  REFUSAL_TOO_MANY,
} Refusal;

#define ASK_FOR_RULE "ask an administrator for a rule"

static const struct {
  DhError code;
  const char *cause_and_remedy;
} refusals[] = {
  [REFUSAL_DENIED] = { DH_ERROR_ACCESS_DENIED, "which polkit refuses: " ASK_FOR_RULE },
  [REFUSAL_INTERACTION_REQUIRED] = { DH_ERROR_INTERACTION_REQUIRED,
                                     "which somebody has to authenticate for: " ASK_FOR_RULE
                                     ", or call with interactive authorization" },
  [REFUSAL_NO_AGENT] = { DH_ERROR_ACCESS_DENIED,
                         "and no agent could ask to authenticate: " ASK_FOR_RULE
                         ", or start an authentication agent" },
  [REFUSAL_DISMISSED] = { DH_ERROR_ACCESS_DENIED,
                          "and its dialogue was dismissed: " ASK_FOR_RULE ", or authenticate" },
  [REFUSAL_NO_ANSWER] = { DH_ERROR_ACCESS_DENIED,
                          "and polkit does not answer: try again later, or call as root" },
  [REFUSAL_CALLER_LEFT] = { DH_ERROR_ACCESS_DENIED, "and the caller left before the answer: stay "
                                                    "on the bus until the reply" },
  [REFUSAL_TOO_MANY] = { DH_ERROR_LIMIT_EXCEEDED,
                         "and the caller awaits too many authorizations: wait for one of them" },
};
G_STATIC_ASSERT (G_N_ELEMENTS (refusals) == REFUSAL_TOO_MANY + 1);

const char *
dh_action_get_name (DhAction action)
{
  switch (action) {
  case DH_ACTION_TARGET_OWN:
    return "org.damon.Hugepage.target-own";
  case DH_ACTION_TARGET_ANY:
    return "org.damon.Hugepage.target-any";
  case DH_ACTION_TUNE:
    return "org.damon.Hugepage.tune";
  case DH_ACTION_INSPECT:
    return "org.damon.Hugepage.inspect";
  case DH_ACTION_MANAGE_TARGETS:
    return "org.damon.Hugepage.manage-targets";
  default:
    g_return_val_if_reached (NULL);
  }
}

static GError *
new_refusal (DhAction action, Refusal refusal)
{
  return g_error_new (DH_ERROR, refusals[refusal].code, "This needs the polkit action %s, %s",
                      dh_action_get_name (action), refusals[refusal].cause_and_remedy);
}

/* polkit did not answer, but failed: nobody is allowed anything then. */
static GError *
new_polkit_failure (DhAction action, GError *cause)
{
  g_autofree char *reason = NULL;

  g_dbus_error_strip_remote_error (cause);
  reason = dh_text_printable (cause->message, -1, CAUSE_MAX_BYTES);
  return g_error_new (DH_ERROR, DH_ERROR_ACCESS_DENIED,
                      "This needs the polkit action %s, and polkit could not be asked (%s): have "
                      "an administrator look after polkit, or call as root",
                      dh_action_get_name (action), reason);
}

static guint
count_open (DhAuthority *self, const char *sender)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->open, sender));
}

/* An entry lives as long as its sender waits, so that passing callers leave nothing behind. */
static void
set_open (DhAuthority *self, const char *sender, guint n_open)
{
  if (n_open == 0)
    g_hash_table_remove (self->open, sender);
  else
    g_hash_table_insert (self->open, g_strdup (sender), GUINT_TO_POINTER (n_open));
}

static void
insert_detail (PolkitDetails *details, const char *key, const char *value)
{
  if (value != NULL && value[0] != '\0')
    polkit_details_insert (details, key, value);
}

static void
insert_number (PolkitDetails *details, const char *key, guint32 number)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT32_FORMAT, number);

  polkit_details_insert (details, key, text);
}

static PolkitDetails *
new_polkit_details (const DhActionDetails *details)
{
  PolkitDetails *polkit_details = polkit_details_new ();

  if (details == NULL)
    return polkit_details;

  if (details->pid != 0) {
    insert_number (polkit_details, "pid", details->pid);
    insert_number (polkit_details, "uid", details->uid);
  }
  insert_detail (polkit_details, "user", details->user);
  insert_detail (polkit_details, "unit", details->unit);
  insert_detail (polkit_details, "user-unit", details->user_unit);
  return polkit_details;
}

static Question *
question_new (const char *sender, DhAction action, const DhActionDetails *details,
              gboolean interactive)
{
  Question *question = g_new0 (Question, 1);

  question->sender = g_strdup (sender);
  question->action = action;
  question->details = new_polkit_details (details);
  question->interactive = interactive;
  question->cancellable = g_cancellable_new ();
  return question;
}

static void
question_free (Question *question)
{
  g_free (question->sender);
  g_object_unref (question->details);
  g_object_unref (question->cancellable);
  g_free (question);
}

static void
destroy_source (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

/* Whatever ends a question, it ends here, once. @error: (transfer full) (nullable): NULL allows. */
static void
close_question (GTask *task, GError *error)
{
  DhAuthority *self = g_task_get_source_object (task);
  Question *question = g_task_get_task_data (task);

  question->closed = TRUE;
  g_clear_pointer (&question->caller_cancelled, destroy_source);
  g_clear_pointer (&question->deadline, destroy_source);
  g_clear_pointer (&question->watch_delay, destroy_source);
  g_clear_pointer (&question->watch, dh_presence_unwatch);
  set_open (self, question->sender, count_open (self, question->sender) - 1);

  if (g_queue_remove (&self->waiting, task))
    g_object_unref (task);
  g_cancellable_cancel (question->cancellable);
  g_clear_pointer (&question->turn, dh_turn_end);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
refuse_question (GTask *task, Refusal refusal)
{
  Question *question = g_task_get_task_data (task);

  close_question (task, new_refusal (question->action, refusal));
}

static void
judge_answer (GTask *task, PolkitAuthorizationResult *answer)
{
  Question *question = g_task_get_task_data (task);

  if (polkit_authorization_result_get_is_authorized (answer))
    close_question (task, NULL);
  else if (polkit_authorization_result_get_dismissed (answer))
    refuse_question (task, REFUSAL_DISMISSED);
  else if (!polkit_authorization_result_get_is_challenge (answer))
    refuse_question (task, REFUSAL_DENIED);
  else if (question->interactive)
    refuse_question (task, REFUSAL_NO_AGENT);
  else
    refuse_question (task, REFUSAL_INTERACTION_REQUIRED);
}

static void
on_polkit_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Question *question = g_task_get_task_data (task);
  g_autoptr (PolkitAuthorizationResult) answer = NULL;
  g_autoptr (GError) error = NULL;

  answer = polkit_authority_check_authorization_finish (POLKIT_AUTHORITY (source), result, &error);
  if (question->closed)
    return;

  if (answer != NULL)
    judge_answer (task, answer);
  else
    close_question (task, new_polkit_failure (question->action, error));
}

static void
ask_polkit (GTask *task)
{
  DhAuthority *self = g_task_get_source_object (task);
  Question *question = g_task_get_task_data (task);
  g_autoptr (PolkitSubject) subject = polkit_system_bus_name_new (question->sender);
  PolkitCheckAuthorizationFlags flags = POLKIT_CHECK_AUTHORIZATION_FLAGS_NONE;

  if (question->interactive)
    flags = POLKIT_CHECK_AUTHORIZATION_FLAGS_ALLOW_USER_INTERACTION;

  polkit_authority_check_authorization (
    self->polkit, subject, dh_action_get_name (question->action), question->details, flags,
    question->cancellable, on_polkit_answered, g_object_ref (task));
}

static void
on_polkit_acquired (GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DhAuthority) self = user_data;
  g_autoptr (GError) error = NULL;
  GQueue waiting = self->waiting;
  GTask *task;

  self->acquiring = FALSE;
  self->polkit = polkit_authority_get_finish (result, &error);

  /* An answer may lead to the next question at once: that one waits for an attempt of its own. */
  g_queue_init (&self->waiting);
  while ((task = g_queue_pop_head (&waiting)) != NULL) {
    Question *question = g_task_get_task_data (task);

    if (self->polkit != NULL)
      ask_polkit (task);
    else
      close_question (task, new_polkit_failure (question->action, error));
    g_object_unref (task);
  }
}

/* While libpolkit obtains its authority, in a thread, it holds a lock that a second request would
 * wait for on the main loop, for as long as a hung polkitd pleases: hence one attempt at a time,
 * which nobody cancels, since the next question needs its result too. */
static void
acquire_polkit (DhAuthority *self)
{
  if (self->acquiring)
    return;

  self->acquiring = TRUE;
  polkit_authority_get_async (NULL, on_polkit_acquired, g_object_ref (self));
}

static void
on_turn (gpointer user_data)
{
  GTask *task = user_data;
  DhAuthority *self = g_task_get_source_object (task);

  if (self->polkit != NULL) {
    ask_polkit (task);
    return;
  }
  g_queue_push_tail (&self->waiting, g_object_ref (task));
  acquire_polkit (self);
}

static void
on_caller_left (gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);

  refuse_question (task, REFUSAL_CALLER_LEFT);
}

/* Who has left by now is told of as well. */
static gboolean
on_watch_delay_over (gpointer user_data)
{
  GTask *task = user_data;
  DhAuthority *self = g_task_get_source_object (task);
  Question *question = g_task_get_task_data (task);

  g_clear_pointer (&question->watch_delay, g_source_unref);
  question->watch = dh_presence_watch (self->presence, question->sender, on_caller_left, task);
  return G_SOURCE_REMOVE;
}

static gboolean
on_deadline (gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);

  refuse_question (task, REFUSAL_NO_ANSWER);
  return G_SOURCE_REMOVE;
}

static gboolean
on_caller_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);
  GError *error = NULL;

  g_cancellable_set_error_if_cancelled (cancellable, &error);
  close_question (task, error);
  return G_SOURCE_REMOVE;
}

/* From here on the question ends with polkit's answer or with the first of these, and has a
 * reference of its own. */
static void
open_question (GTask *task)
{
  DhAuthority *self = g_task_get_source_object (task);
  Question *question = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  g_object_ref (task);
  set_open (self, question->sender, count_open (self, question->sender) + 1);
  question->watch_delay = g_timeout_source_new (WATCH_AFTER_MSEC);
  g_task_attach_source (task, question->watch_delay, on_watch_delay_over);

  if (cancellable != NULL) {
    question->caller_cancelled = g_cancellable_source_new (cancellable);
    g_task_attach_source (task, question->caller_cancelled, G_SOURCE_FUNC (on_caller_cancelled));
  }
  if (!question->interactive) {
    question->deadline = g_timeout_source_new_seconds (DH_AUTHORITY_TIMEOUT_SEC);
    g_task_attach_source (task, question->deadline, on_deadline);
  }
}

void
dh_authority_check_async (DhAuthority *self, const char *sender, guint32 uid, DhAction action,
                          const DhActionDetails *details, gboolean interactive,
                          GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  Question *question;

  g_return_if_fail (DH_IS_AUTHORITY (self));
  g_return_if_fail (g_dbus_is_unique_name (sender));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, &check_tag);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (count_open (self, sender) >= DH_AUTHORITY_MAX_PENDING) {
    g_task_return_error (task, new_refusal (action, REFUSAL_TOO_MANY));
    return;
  }

  question = question_new (sender, action, details, interactive);
  g_task_set_task_data (task, question, (GDestroyNotify) question_free);
  open_question (task);
  question->turn = dh_turns_wait (self->turns, uid, on_turn, task);
}

gboolean
dh_authority_check_finish (DhAuthority *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, &check_tag), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
remember_uid (DhAuthority *self, const char *sender, guint32 uid)
{
  if (g_hash_table_size (self->uids) >= MAX_KNOWN)
    g_hash_table_remove_all (self->uids);
  g_hash_table_insert (self->uids, g_strdup (sender), GUINT_TO_POINTER (uid));
}

static void
return_uid (GTask *task, gpointer uid)
{
  g_task_return_pointer (task, g_memdup2 (uid, sizeof (guint32)), g_free);
}

static void
return_nobody (GTask *task, gpointer error)
{
  g_task_return_new_error (task, DH_ERROR, DH_ERROR_ACCESS_DENIED,
                           "The bus does not say which user the caller %s is (%s): stay on the "
                           "bus until the reply",
                           (const char *) g_task_get_task_data (task),
                           ((const GError *) error)->message);
}

static void
on_uid_received (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data; /* the first that asked */
  DhAuthority *self = g_task_get_source_object (task);
  g_autofree char *sender = g_strdup (g_task_get_task_data (task));
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  guint32 uid;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  if (reply != NULL) {
    g_variant_get (reply, "(u)", &uid);
    remember_uid (self, sender, uid);
    dh_joined_tasks_answer (self->identifying, sender, return_uid, &uid);
    return;
  }

  g_dbus_error_strip_remote_error (error);
  dh_joined_tasks_answer (self->identifying, sender, return_nobody, error);
}

void
dh_authority_get_uid_async (DhAuthority *self, const char *sender, GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  gpointer known;
  guint32 uid;

  g_return_if_fail (DH_IS_AUTHORITY (self));
  g_return_if_fail (g_dbus_is_unique_name (sender));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, &uid_tag);
  g_task_set_task_data (task, g_strdup (sender), g_free);
  if (g_hash_table_lookup_extended (self->uids, sender, NULL, &known)) {
    uid = GPOINTER_TO_UINT (known);
    return_uid (task, &uid);
    return;
  }
  if (!dh_joined_tasks_add (self->identifying, g_strdup (sender), task))
    return;
  g_dbus_connection_call (
    self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
    "GetConnectionUnixUser", g_variant_new ("(s)", sender), G_VARIANT_TYPE ("(u)"),
    G_DBUS_CALL_FLAGS_NO_AUTO_START, UID_TIMEOUT_MSEC, NULL, on_uid_received, g_object_ref (task));
}

gboolean
dh_authority_get_uid_finish (DhAuthority *self, GAsyncResult *result, guint32 *ret_uid,
                             GError **error)
{
  g_autofree guint32 *uid = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, &uid_tag), FALSE);

  uid = g_task_propagate_pointer (G_TASK (result), error);
  if (uid == NULL)
    return FALSE;

  *ret_uid = *uid;
  return TRUE;
}

guint
dh_authority_get_pending (DhAuthority *self)
{
  GHashTableIter iter;
  gpointer n_open;
  guint pending = 0;

  g_return_val_if_fail (DH_IS_AUTHORITY (self), 0);

  g_hash_table_iter_init (&iter, self->open);
  while (g_hash_table_iter_next (&iter, NULL, &n_open))
    pending += GPOINTER_TO_UINT (n_open);
  return pending;
}

/* An open question holds a reference, so nothing waits when this runs. */
static void
dh_authority_finalize (GObject *object)
{
  DhAuthority *self = DH_AUTHORITY (object);

  g_clear_object (&self->polkit);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->presence, dh_presence_unref);
  g_clear_pointer (&self->open, g_hash_table_unref);
  g_clear_pointer (&self->turns, dh_turns_free);
  g_clear_pointer (&self->uids, g_hash_table_unref);
  g_clear_pointer (&self->identifying, dh_joined_tasks_free);

  G_OBJECT_CLASS (dh_authority_parent_class)->finalize (object);
}

static void
dh_authority_class_init (DhAuthorityClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dh_authority_finalize;
}

static void
dh_authority_init (DhAuthority *self)
{
  self->open = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->identifying = dh_joined_tasks_new (g_str_hash, g_str_equal, g_free);
  self->uids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->turns = dh_turns_new (DH_AUTHORITY_MAX_ASKED, DH_AUTHORITY_MAX_ASKED_PER_USER);
  g_queue_init (&self->waiting);
}

DhAuthority *
dh_authority_new (GDBusConnection *connection, DhPresence *presence)
{
  DhAuthority *self;

  g_return_val_if_fail (G_IS_DBUS_CONNECTION (connection), NULL);

  self = g_object_new (DH_TYPE_AUTHORITY, NULL);
  self->connection = g_object_ref (connection);
  self->presence = dh_presence_ref (presence);
  return self;
}
