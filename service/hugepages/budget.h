#pragma once
#include "quota.h"
#include <sys/types.h>
typedef struct _DhBudget DhBudget;
DhBudget *dh_budget_new (const DhQuotaLimits *limits);
DhBudget *dh_budget_ref (DhBudget *budget);
void dh_budget_unref (DhBudget *budget);
void dh_budget_set_limits (DhBudget *budget, const DhQuotaLimits *limits);
typedef struct _DhSeat DhSeat;
typedef void (*DhSeatFunc) (gpointer user_data);
DhSeat *dh_seat_new (DhBudget *budget, uid_t uid, DhSeatFunc wake, gpointer user_data);
void dh_seat_free (DhSeat *seat);
typedef struct {
  guint blocks;
  guint64 window;
  guint64 next;
  guint64 effective_size;
  guint64 exceeds;
} DhGrant;
void dh_seat_ask (DhSeat *seat, guint wanted, guint run, float score, DhGrant *ret_grant);
void dh_seat_look (DhSeat *seat, DhGrant *ret_grant);
void dh_seat_charge (DhSeat *seat, guint blocks, guint64 bytes, guint64 time);
