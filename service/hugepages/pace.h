#pragma once
#include <glib.h>
#include <sys/types.h>
typedef struct _DhPace DhPace;
DhPace *dh_pace_new (void);
DhPace *dh_pace_ref (DhPace *pace);
void dh_pace_unref (DhPace *pace);
void dh_pace_join (DhPace *pace, uid_t uid);
void dh_pace_leave (DhPace *pace, uid_t uid);
guint64 dh_pace_book (DhPace *pace, uid_t uid, guint64 now, guint64 cost);
void dh_pace_settle (DhPace *pace, uid_t uid, guint64 booked, guint64 actual);
