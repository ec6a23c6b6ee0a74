/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sqlite behind the store: one table of objects as JSON text, one of numbers. WAL, synchronous=off:
 * a killed process loses what was not committed, a power failure may lose the last seconds, neither
 * breaks the file. One thread. */
#include "kubevirt-lite/store/disk.h"

#include "vmd/base/json.h"
#include "vmd/base/str.h"

#include <sqlite3.h>
#include <sys/stat.h>

enum { STMT_PUT, STMT_DEL, STMT_VERSION, STMT_COUNT };
static const char *const stmt_text[STMT_COUNT] = {
	[STMT_PUT] = "INSERT OR REPLACE INTO object (kind, key, body) VALUES (?1, ?2, ?3)",
	[STMT_DEL] = "DELETE FROM object WHERE kind = ?1 AND key = ?2",
	[STMT_VERSION] = "INSERT OR REPLACE INTO number (name, value) VALUES ('version', ?1)",
};

struct disk {
	sqlite3 *db;
	sqlite3_stmt *stmt[STMT_COUNT];
	bool is_open;
};

static int fail(const struct disk *d, struct err *e, const char *what)
{
	return err_set(e, ERR_UNSURE, "sqlite: %s: %s", what, sqlite3_errmsg(d->db));
}

static int run(struct disk *d, const char *sql, struct err *e)
{
	return sqlite3_exec(d->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(d, e, sql);
}

static int prepare(struct disk *d, struct err *e)
{
	if (run(d, "PRAGMA journal_mode = WAL", e) < 0 ||
	    run(d, "PRAGMA synchronous = OFF", e) < 0 ||
	    run(d, "PRAGMA locking_mode = EXCLUSIVE", e) < 0 ||
	    run(d,
		"CREATE TABLE IF NOT EXISTS object (kind TEXT, key TEXT, body TEXT NOT NULL,"
		" PRIMARY KEY (kind, key)) WITHOUT ROWID",
		e) < 0 ||
	    run(d, "CREATE TABLE IF NOT EXISTS number (name TEXT PRIMARY KEY, value INTEGER)", e) <
		    0)
		return -1;
	for (size_t i = 0; i < STMT_COUNT; i++)
		if (sqlite3_prepare_v2(d->db, stmt_text[i], -1, &d->stmt[i], NULL) != SQLITE_OK)
			return fail(d, e, stmt_text[i]);
	return 0;
}

static void disk_free(struct disk *d)
{
	for (size_t i = 0; i < STMT_COUNT; i++)
		sqlite3_finalize(d->stmt[i]);
	sqlite3_close(d->db);
	free(d);
}
DEFINE_AUTO(struct disk *, disk_free)

int disk_open(const char *path, struct disk **ret, struct err *e)
{
	AUTO(disk_free) struct disk *d = calloc(1, sizeof(*d));
	mode_t mask;
	int rc;

	if (!d)
		abort();
	mask = umask(0077); /* secrets are in there; no other thread runs yet */
	rc = sqlite3_open_v2(path, &d->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	if (rc == SQLITE_OK)
		rc = prepare(d, e);
	else
		rc = err_set(e, ERR_INVALID, "%s: %s", path, sqlite3_errmsg(d->db));
	(void)umask(mask);
	if (rc < 0)
		return -1;
	*ret = STEAL(d);
	return 0;
}

void disk_close(struct disk *d)
{
	struct err e;

	if (!d)
		return;
	(void)disk_commit(d, &e);
	disk_free(d);
}

static int kind_of(const char *text, enum kind_id *ret)
{
	char name[128];

	for (int i = 0; i < KIND_COUNT; i++) {
		if (str_eq(kind_qualified(kind_get((enum kind_id)i), name, sizeof(name)), text)) {
			*ret = (enum kind_id)i;
			return 0;
		}
	}
	return -1;
}

static int load_row(sqlite3_stmt *row, disk_load_fn fn, void *ctx, struct err *e)
{
	const char *kind_text = (const char *)sqlite3_column_text(row, 0);
	const char *body = (const char *)sqlite3_column_text(row, 1);
	struct json_object *object = NULL;
	enum kind_id kind;

	if (kind_of(kind_text, &kind) < 0)
		return err_set(e, ERR_INVALID, "objects of kind '%s' are not known here",
			       kind_text);
	if (json_parse(body, (size_t)sqlite3_column_bytes(row, 1), &object, e) < 0)
		return -1;
	return fn(ctx, kind, object, e);
}

int disk_load(struct disk *d, disk_load_fn fn, void *ctx, uint64_t *ret_version, struct err *e)
{
	sqlite3_stmt *row = NULL;
	uint64_t version = 0;
	int rc = 0, last = SQLITE_DONE;

	if (sqlite3_prepare_v2(d->db, "SELECT kind, body FROM object ORDER BY kind, key", -1, &row,
			       NULL) != SQLITE_OK)
		return fail(d, e, "read");
	while (rc == 0 && (last = sqlite3_step(row)) == SQLITE_ROW)
		rc = load_row(row, fn, ctx, e);
	if (rc == 0 && last != SQLITE_DONE)
		rc = fail(d, e, "read");
	sqlite3_finalize(row);
	if (rc < 0)
		return -1;
	if (sqlite3_prepare_v2(d->db, "SELECT value FROM number WHERE name = 'version'", -1, &row,
			       NULL) != SQLITE_OK)
		return fail(d, e, "read");
	if (sqlite3_step(row) == SQLITE_ROW)
		version = (uint64_t)sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	*ret_version = version;
	return 0;
}

static int begin(struct disk *d, struct err *e)
{
	if (!d->is_open && run(d, "BEGIN", e) < 0)
		return -1;
	d->is_open = true;
	return 0;
}

static int step(struct disk *d, sqlite3_stmt *stmt, struct err *e)
{
	int rc = sqlite3_step(stmt);

	sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? 0 : fail(d, e, "write");
}

int disk_put(struct disk *d, enum kind_id kind, const char *key, struct json_object *object,
	     struct err *e)
{
	sqlite3_stmt *stmt = d->stmt[object ? STMT_PUT : STMT_DEL];
	char name[128];

	if (begin(d, e) < 0)
		return -1;
	kind_qualified(kind_get(kind), name, sizeof(name));
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(stmt, 2, key, -1, SQLITE_TRANSIENT);
	if (object)
		sqlite3_bind_text(
			stmt, 3,
			json_object_to_json_string_ext(
				object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
			-1, SQLITE_TRANSIENT);
	return step(d, stmt, e);
}

int disk_put_version(struct disk *d, uint64_t version, struct err *e)
{
	if (begin(d, e) < 0)
		return -1;
	sqlite3_bind_int64(d->stmt[STMT_VERSION], 1, (sqlite3_int64)version);
	return step(d, d->stmt[STMT_VERSION], e);
}

int disk_commit(struct disk *d, struct err *e)
{
	if (!d->is_open)
		return 0;
	d->is_open = false;
	return run(d, "COMMIT", e);
}
