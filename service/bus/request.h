/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "authority.h"
#include "idle.h"
#include "manager.h"
#include "process-list.h"

/* What a call goes through: wait for the engines, check, find out who asks, authorize, look
 * everything up again, act, reply. Each step may wait, and after each wait the request is looked at
 * from the beginning: what was true before may not be any more. */

/* What the objects on the bus share; lives as long as the program. */
typedef struct {
  DhManager *manager;
  DhAuthority *authority;
  DhPresence *presence;
  DhIdle *idle;
  DhProcessList *processes;
} DhRequestContext;

typedef struct _DhRequest DhRequest;

/* A kind of request. Each function is called with everything as it is now. */
typedef struct {
  gboolean needs_engine; /* it waits until they are probed */
  gboolean asks_nobody;  /* polkit is asked without interaction, and a refusal is no failure */

  /* (nullable): nothing to check. Errors: DH_ERROR, which end the request. */
  gboolean (*check) (DhRequest *request, GError **error);

  /* What the caller needs, who is known by now. Errors: as above. */
  gboolean (*get_required) (DhRequest *request, DhActions *ret_actions, GError **error);

  /* The process a question to polkit is about. (transfer none) (nullable): also the function. */
  DhProcess *(*get_subject) (DhRequest *request);

  /* The change that it is to make. (transfer none) (nullable): also the function. */
  const DhChange *(*get_change) (DhRequest *request);

  /* All is granted: ends with one of the functions below, sooner or later. @required: as said last.
   */
  void (*act) (DhRequest *request, DhActions required);
} DhOperation;

/* @invocation: (transfer full). @data: (transfer full): the operation's own, freed by @free_data.
 */
void dh_request_start (const DhRequestContext *context, GDBusMethodInvocation *invocation,
                       const DhOperation *operation, gpointer data, GDestroyNotify free_data);

const DhRequestContext *dh_request_get_context (const DhRequest *request);
gpointer dh_request_get_data (const DhRequest *request);
const DhCaller *dh_request_get_caller (const DhRequest *request);
DhActions dh_request_get_granted (const DhRequest *request);

/* Whether the caller is known: before that, get_caller() says nothing. */
gboolean dh_request_has_caller (const DhRequest *request);

/* The end: answers, and frees @request. @value: (transfer floating) (nullable): (). */
void dh_request_reply (DhRequest *request, GVariant *value);
/* @func: called once the answer is on its way. */
void dh_request_reply_and_then (DhRequest *request, GVariant *value,
                                void (*func) (const DhRequest *request));
void dh_request_fail (DhRequest *request, const GError *error);
