/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "accounts.h"

#include "error.h"

#include <pwd.h>

static void
on_looked_up (GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **ret_result = user_data;

  *ret_result = g_object_ref (result);
}

static DhAccount *
look_up (uid_t uid, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  dh_accounts_lookup_async (uid, cancellable, on_looked_up, &result);
  g_assert_null (result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return dh_accounts_lookup_finish (result, error);
}

static void
test_knows_root (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhAccount) account = look_up (0, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (account->name, ==, "root");
  g_assert_cmpuint (account->gid, ==, 0);
}

/* Each caller gets one of his own. */
static void
test_says_the_same_again (void)
{
  g_autoptr (DhAccount) first = look_up (0, NULL, NULL);
  g_autoptr (DhAccount) second = look_up (0, NULL, NULL);

  g_assert_true (first != second && first->name != second->name);
  g_assert_cmpstr (first->name, ==, second->name);
  g_assert_cmpuint (first->gid, ==, second->gid);
}

static void
test_knows_the_primary_group_of_everyone (void)
{
  guint n_users = 0;

  setpwent ();
  for (const struct passwd *entry = getpwent (); entry != NULL && n_users < 20;
       entry = getpwent ()) {
    const gid_t gid = getpwuid (entry->pw_uid)->pw_gid;
    g_autoptr (DhAccount) account = look_up (entry->pw_uid, NULL, NULL);

    g_assert_nonnull (account);
    g_assert_cmpuint (account->gid, ==, gid);
    n_users++;
  }
  endpwent ();
  g_assert_cmpuint (n_users, >, 0);
}

static void
test_denies_access_to_the_unknown (void)
{
  g_autoptr (GError) error = NULL;
  uid_t uid = 4000000000;

  while (getpwuid (uid) != NULL)
    uid++;

  g_assert_null (look_up (uid, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_ACCESS_DENIED);
  g_assert_nonnull (strstr (error->message, "User 40000"));
}

static void
test_can_be_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_null (look_up (0, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/accounts/knows-root", test_knows_root);
  g_test_add_func ("/accounts/says-the-same-again", test_says_the_same_again);
  g_test_add_func ("/accounts/knows-the-primary-group-of-everyone",
                   test_knows_the_primary_group_of_everyone);
  g_test_add_func ("/accounts/denies-access-to-the-unknown", test_denies_access_to_the_unknown);
  g_test_add_func ("/accounts/can-be-cancelled", test_can_be_cancelled);
  return g_test_run ();
}
