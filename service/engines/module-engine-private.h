/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "module-engine.h"
#include "module-protocol.h"
#include "module-session.h"

/* What the two files of the engine share: module-engine.c is told what is wanted, and
 * module-engine-view.c sees what is. Main thread, but for what is the writer's. */

struct _DhModuleEngine {
  GObject parent_instance;

  char *root;
  char *record_path;
  guint time_ceiling;

  DhWriter *writer;
  DhModule *module;      /* (nullable): until probed, and where it cannot work; the writer's */
  GFileMonitor *monitor; /* of the parameters, for what others write */
  gboolean has[DH_N_PARAMETERS];
  const char *capabilities[5];

  DhModuleView view;   /* as last seen, … */
  guint64 seen_at;     /* … at this time of CLOCK_MONOTONIC */
  DhSettings settings; /* what was applied, or found */
  gboolean looking;    /* a look is under way, … */
  gboolean look_again; /* … and another is due, for it may have come too early */
  gboolean must_tell;  /* what is found, even if it is as before: others may know it otherwise */
  gboolean mending;    /* what went astray is being applied again */
  guint ending;        /* jobs under way that end what is no longer served */
  gboolean hampered;   /* the last look failed */

  DhModuleSession *session; /* with what is served (nullable) */
  guint32 hidden_pid;       /* of the last that is served and cannot be shown */
};

/* For the writer. */
typedef struct {
  DhModuleEngine *engine;
  DhProcess *process; /* that is to be served, or is (nullable) */
  DhOwner owner;      /* of process, as it was authorized */
  DhSettings settings;
  DhModuleGoal goal; /* its process is the job's */
  DhModule *module;  /* of the engine, or opened by the job */
  DhModuleView view;
  gboolean gone; /* the module is not there any more */
  GTask *task;   /* whose callback waits (nullable) */
} DhModuleJob;

/* (transfer full): for dh_writer_run_async(), with dh_module_job_free(). */
DhModuleJob *dh_module_job_new (DhModuleEngine *self);
void dh_module_job_free (gpointer job);

/* A DhWriterFunc: makes the job's goal the state of things. */
gboolean dh_module_job_run_apply (DhWriter *writer, gpointer job, GError **error);

/* Of the session. (transfer none) */
DhProcess *dh_module_engine_get_process (const DhModuleEngine *self);
gboolean dh_module_engine_is_ours (const DhModuleEngine *self);

/* @owner: NULL: somebody else began it. */
void dh_module_engine_keep_process (DhModuleEngine *self, DhProcess *process, const DhOwner *owner);
void dh_module_engine_forget_process (DhModuleEngine *self);

/* What the view shows at work, without us having been told, or with nobody having been told. */
void dh_module_engine_adopt_process (DhModuleEngine *self);

void dh_module_engine_set_view (DhModuleEngine *self, const DhModuleView *view);

/* Compares what was read with what is known, and tells what is new. */
void dh_module_engine_take_view (DhModuleEngine *self, const DhModuleView *view);

/* Reads the parameters, and takes the view. */
void dh_module_engine_look (DhModuleEngine *self);

/* What others write is looked at from now on; what the kernel changes by itself nobody is told. */
void dh_module_engine_watch_files (DhModuleEngine *self);
