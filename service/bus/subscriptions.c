/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "subscriptions.h"

#include "error.h"
#include "properties.h"
#include "thread-clock.h"

/* Processor time of one signal, in all threads, before any was measured. */
#define FIRST_SIGNAL_USEC 60

/* What this thread spends on a signal, another one spends on writing it. */
#define THREADS 2

/* How much one round moves the average. */
#define WEIGHT 0.125

/* Who is due so soon is served in the same round. */
#define SLACK_SHARE 16

struct _DhSubscriptions {
  const DhRequestContext *context;
  DhSendFunc send;
  gpointer user_data;
  GHashTable *all; /* client → Subscription */
  guint timer;
  double signal_usec;
};

typedef struct {
  DhSubscriptions *subscriptions;
  char *client;
  DhCaller caller;
  gboolean inspects; /* others' processes as well */
  guint64 interval;  /* as it was asked for */
  guint64 due;
  DhPresenceWatch *watch;
} Subscription;

static gboolean on_timer (gpointer user_data);

static void
free_subscription (gpointer data)
{
  Subscription *subscription = data;

  dh_idle_release (subscription->subscriptions->context->idle);
  dh_presence_unwatch (subscription->watch);
  g_free (subscription->client);
  g_free (subscription);
}

static guint64
now_usec (void)
{
  return (guint64) g_get_monotonic_time ();
}

static gboolean
is_shown (const Subscription *subscription, const DhTarget *target)
{
  return dh_target_is_enabled (target)
         && (subscription->inspects
             || dh_owner_is_own (&target->owner, subscription->caller.uid,
                                 subscription->caller.gid));
}

static guint
count_shown (const Subscription *subscription)
{
  const DhTargetList *targets =
    dh_manager_get_targets (subscription->subscriptions->context->manager);
  guint n = 0;

  for (guint i = 0; i < dh_target_list_get_size (targets); i++)
    n += is_shown (subscription, dh_target_list_get (targets, i)) ? 1 : 0;
  return n;
}

/* uid → how many signals a round of all his subscriptions takes, if any. Returns: (transfer full).
 */
static GHashTable *
count_signals (DhSubscriptions *self)
{
  GHashTable *signals = g_hash_table_new (NULL, NULL);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->all);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Subscription *subscription = value;
    const gpointer uid = GUINT_TO_POINTER (subscription->caller.uid);
    const guint others = GPOINTER_TO_UINT (g_hash_table_lookup (signals, uid)),
                shown = count_shown (subscription);

    if (shown > 0)
      g_hash_table_insert (signals, uid, GUINT_TO_POINTER (others + shown));
  }
  return signals;
}

/* The shortest interval that @uid's share affords: all users have the same, however many
 * subscriptions they have. */
static guint64
get_shortest (DhSubscriptions *self, GHashTable *signals, guint32 uid)
{
  const guint his = GPOINTER_TO_UINT (g_hash_table_lookup (signals, GUINT_TO_POINTER (uid)));

  return MAX (DH_SUBSCRIPTIONS_MIN_USEC, (guint64) (his * self->signal_usec * DH_SUBSCRIPTIONS_SHARE
                                                    * g_hash_table_size (signals)));
}

static void
send_all (Subscription *subscription)
{
  DhSubscriptions *self = subscription->subscriptions;
  const DhTargetList *targets = dh_manager_get_targets (self->context->manager);

  for (guint i = 0; i < dh_target_list_get_size (targets); i++) {
    DhTarget *target = dh_target_list_get (targets, i);
    DhStatistics figures;

    if (is_shown (subscription, target)
        && dh_manager_get_statistics (self->context->manager, target, &figures))
      self->send (target, subscription->client, dh_statistics_to_variant (&figures, FALSE),
                  self->user_data);
  }
}

static void
note_cost (DhSubscriptions *self, guint64 usec, guint signals)
{
  if (signals > 0)
    self->signal_usec += ((double) usec * THREADS / signals - self->signal_usec) * WEIGHT;
}

/* Arms the timer for whoever is due first. */
static void
arm (DhSubscriptions *self)
{
  guint64 first = G_MAXUINT64, now = now_usec ();
  GHashTableIter iter;
  gpointer value;

  g_clear_handle_id (&self->timer, g_source_remove);
  if (dh_manager_get_active_targets (self->context->manager) == 0)
    return;
  g_hash_table_iter_init (&iter, self->all);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    first = MIN (first, ((const Subscription *) value)->due);
  if (first != G_MAXUINT64)
    self->timer =
      g_timeout_add ((guint) (first > now ? (first - now + 999) / 1000 : 0), on_timer, self);
}

static gboolean
on_timer (gpointer user_data)
{
  DhSubscriptions *self = user_data;
  const guint64 now = now_usec (), cpu = dh_thread_cpu_usec ();
  g_autoptr (GHashTable) signals = count_signals (self);
  GHashTableIter iter;
  gpointer value;
  guint sent = 0;

  self->timer = 0;
  g_hash_table_iter_init (&iter, self->all);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Subscription *subscription = value;
    const guint64 interval =
      MAX (subscription->interval, get_shortest (self, signals, subscription->caller.uid));

    if (subscription->due > now + interval / SLACK_SHARE)
      continue;
    sent += count_shown (subscription);
    send_all (subscription);
    subscription->due = now + interval;
  }
  note_cost (self, dh_thread_cpu_usec () - cpu, sent);
  arm (self);
  return G_SOURCE_REMOVE;
}

DhSubscriptions *
dh_subscriptions_new (const DhRequestContext *context, DhSendFunc send, gpointer user_data)
{
  DhSubscriptions *self = g_new0 (DhSubscriptions, 1);

  self->context = context;
  self->send = send;
  self->user_data = user_data;
  self->all = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_subscription);
  self->signal_usec = FIRST_SIGNAL_USEC;
  return self;
}

void
dh_subscriptions_free (DhSubscriptions *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_hash_table_unref (self->all);
  g_free (self);
}

void
dh_subscriptions_remove (DhSubscriptions *self, const char *client)
{
  g_hash_table_remove (self->all, client);
  if (g_hash_table_size (self->all) == 0)
    g_clear_handle_id (&self->timer, g_source_remove);
}

void
dh_subscriptions_update (DhSubscriptions *self)
{
  if (g_hash_table_size (self->all) == 0)
    return;
  if (self->timer == 0 || dh_manager_get_active_targets (self->context->manager) == 0)
    arm (self);
}

static void
on_client_left (gpointer user_data)
{
  const Subscription *subscription = user_data;

  dh_subscriptions_remove (subscription->subscriptions, subscription->client);
}

/* What a request to subscribe is about. */
typedef struct {
  DhSubscriptions *subscriptions;
  guint64 interval;
} Wish;

static gboolean
check (DhRequest *request, GError **error)
{
  const Wish *wish = dh_request_get_data (request);

  if (wish->interval > 0 && wish->interval <= DH_SUBSCRIPTIONS_MAX_USEC)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID_VALUE,
               "The interval cannot be %" G_GUINT64_FORMAT ": it must be 1 to %" G_GUINT64_FORMAT,
               wish->interval, DH_SUBSCRIPTIONS_MAX_USEC);
  return FALSE;
}

static gboolean
get_required (DhRequest *request, DhActions *ret_actions, GError **error)
{
  *ret_actions = DH_ACTION_INSPECT;
  return TRUE;
}

/* (transfer none): the client's, made if there is none. */
static Subscription *
get_subscription (DhSubscriptions *self, const char *client)
{
  Subscription *subscription = g_hash_table_lookup (self->all, client);

  if (subscription)
    return subscription;
  subscription = g_new0 (Subscription, 1);
  subscription->subscriptions = self;
  subscription->client = g_strdup (client);
  dh_idle_hold (self->context->idle);
  g_hash_table_insert (self->all, subscription->client, subscription);
  /* Tells of one that has left meanwhile as well. */
  subscription->watch =
    dh_presence_watch (self->context->presence, client, on_client_left, subscription);
  return subscription;
}

static void
act (DhRequest *request, DhActions required)
{
  const Wish *wish = dh_request_get_data (request);
  const DhCaller *caller = dh_request_get_caller (request);
  DhSubscriptions *self = wish->subscriptions;
  Subscription *subscription = get_subscription (self, caller->sender);
  g_autoptr (GHashTable) signals = NULL;
  guint64 effective;

  subscription->caller = *caller;
  subscription->caller.sender = subscription->client;
  subscription->inspects = (dh_request_get_granted (request) & DH_ACTION_INSPECT) != 0;
  subscription->interval = wish->interval;
  signals = count_signals (self);
  effective = MAX (wish->interval, get_shortest (self, signals, caller->uid));
  subscription->due = now_usec () + effective;
  arm (self);
  dh_request_reply (request, g_variant_new ("(t)", effective));
}

void
dh_subscriptions_add (DhSubscriptions *self, GDBusMethodInvocation *invocation, guint64 interval)
{
  static const DhOperation operation = {
    .asks_nobody = TRUE,
    .check = check,
    .get_required = get_required,
    .act = act,
  };
  Wish *wish = g_new (Wish, 1);

  *wish = (Wish){ self, interval };
  dh_request_start (self->context, invocation, &operation, wish, g_free);
}
