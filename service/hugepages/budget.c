#include "budget.h"
struct _DhBudget {
  GMutex lock;
  DhQuota quota;
  guint64 window;
};
struct _DhSeat {
  DhBudget *budget;
};
DhBudget *
dh_budget_new (const DhQuotaLimits *limits)
{
  DhBudget *b = g_atomic_rc_box_new0 (DhBudget);
  g_mutex_init (&b->lock);
  dh_quota_init (&b->quota, limits, (guint64) g_get_monotonic_time ());
  return b;
}
DhBudget *
dh_budget_ref (DhBudget *b)
{
  return g_atomic_rc_box_acquire (b);
}
void
dh_budget_unref (DhBudget *b)
{
  g_atomic_rc_box_release (b);
}
void
dh_budget_set_limits (DhBudget *b, const DhQuotaLimits *l)
{
  g_mutex_lock (&b->lock);
  dh_quota_set_limits (&b->quota, l);
  g_mutex_unlock (&b->lock);
}
DhSeat *
dh_seat_new (DhBudget *b, uid_t uid, DhSeatFunc wake, gpointer user_data)
{
  DhSeat *s = g_new0 (DhSeat, 1);
  s->budget = dh_budget_ref (b);
  return s;
}
void
dh_seat_free (DhSeat *s)
{
  dh_budget_unref (s->budget);
  g_free (s);
}
static void
fill (DhBudget *b, gboolean ask, guint run, DhGrant *g)
{
  b->window += dh_quota_advance (&b->quota, (guint64) g_get_monotonic_time ());
  g->blocks = ask ? MIN (run, dh_quota_allowance (&b->quota)) : 0;
  g->window = b->window;
  g->next = dh_quota_next_window (&b->quota);
  g->effective_size = dh_quota_effective_size (&b->quota);
  g->exceeds = b->quota.exceeds;
}
void
dh_seat_ask (DhSeat *s, guint wanted, guint run, float score, DhGrant *g)
{
  g_mutex_lock (&s->budget->lock);
  fill (s->budget, wanted > 0, run, g);
  g_mutex_unlock (&s->budget->lock);
}
void
dh_seat_look (DhSeat *s, DhGrant *g)
{
  g_mutex_lock (&s->budget->lock);
  fill (s->budget, FALSE, 0, g);
  g_mutex_unlock (&s->budget->lock);
}
void
dh_seat_charge (DhSeat *s, guint blocks, guint64 bytes, guint64 time)
{
  g_mutex_lock (&s->budget->lock);
  dh_quota_charge (&s->budget->quota, blocks, bytes, time);
  g_mutex_unlock (&s->budget->lock);
}
