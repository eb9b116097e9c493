#include <stdlib.h>
#include <string.h>

#include "http/json.h"
#include "http/owners.h"

/** The run of a member, or one that somebody told of. */
struct column {
    uint64_t epoch;
    uint64_t newest; /* the highest sequence that anybody has heard of */
    json_t *member;  /* its name; null when it is no member's run */
};

struct row {
    const struct node_surveyed *said;
};

struct matrix {
    struct column *columns;
    size_t columns_n;
    struct row *rows; /* by name */
    size_t rows_n;
    bool cut; /* somebody has more origins than it told of: what nobody lists may be one of them */
};

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_epochs(const void *a, const void *b)
{
    return compare(((const struct column *)a)->epoch, ((const struct column *)b)->epoch);
}

/** Members first, by name; then runs of nobody who is there, by epoch. */
static int compare_columns(const void *a, const void *b)
{
    const struct column *x = a;
    const struct column *y = b;
    const char *left = json_string_value(x->member);
    const char *right = json_string_value(y->member);
    if (left == NULL || right == NULL)
        return left == right ? compare(x->epoch, y->epoch) : left == NULL ? 1 : -1;
    return strcmp(left, right);
}

static int compare_rows(const void *a, const void *b)
{
    const struct slice x = ((const struct row *)a)->said->name;
    const struct slice y = ((const struct row *)b)->said->name;
    const int order = memcmp(x.at, y.at, x.len < y.len ? x.len : y.len);
    return order != 0 ? order : compare(x.len, y.len);
}

/* ---- gathering ---- */

/** One column for each run, with the newest that anybody told of it. */
static void unite(struct matrix *m)
{
    size_t n = 0;
    qsort(m->columns, m->columns_n, sizeof *m->columns, compare_epochs);
    for (size_t i = 0; i < m->columns_n; i++) {
        const struct column *next = &m->columns[i];
        if (n == 0 || m->columns[n - 1].epoch != next->epoch)
            m->columns[n++] = *next;
        else if (m->columns[n - 1].newest < next->newest)
            m->columns[n - 1].newest = next->newest;
    }
    m->columns_n = n;
}

static void collect(struct matrix *m, const struct node_reply *reply)
{
    for (size_t i = 0; i < reply->surveyed_n; i++) {
        const struct node_surveyed *row = &reply->surveyed[i];
        m->rows[m->rows_n++] = (struct row){.said = row};
        m->cut = m->cut || row->left > 0;
        m->columns[m->columns_n++] = (struct column){.epoch = row->epoch};
        for (size_t k = 0; k < row->heard_n; k++)
            m->columns[m->columns_n++] =
                (struct column){.epoch = row->heard[k].epoch, .newest = row->heard[k].heard};
    }
    unite(m);
    qsort(m->rows, m->rows_n, sizeof *m->rows, compare_rows);
}

static bool gather(struct matrix *m, const struct node *n, const struct node_reply *reply)
{
    struct http_owners owners = {.n = 0};
    size_t cells = 0;
    for (size_t i = 0; i < reply->surveyed_n; i++)
        cells += 1 + reply->surveyed[i].heard_n;
    m->columns = calloc(cells + 1, sizeof *m->columns);
    m->rows = calloc(reply->surveyed_n + 1, sizeof *m->rows);
    if (m->columns == NULL || m->rows == NULL || !http_owners_gather(&owners, n))
        return false;
    collect(m, reply);
    for (size_t i = 0; i < m->columns_n; i++)
        m->columns[i].member = http_owners_name(&owners, m->columns[i].epoch);
    qsort(m->columns, m->columns_n, sizeof *m->columns, compare_columns);
    http_owners_fini(&owners);
    return true;
}

static void release(struct matrix *m)
{
    for (size_t i = 0; m->columns != NULL && i < m->columns_n; i++)
        json_decref(m->columns[i].member);
    free(m->columns);
    free(m->rows);
}

/* ---- rendering ---- */

static json_t *ms_of(uint64_t us)
{
    return json_real((double)us / 1000.0);
}

static const struct peer_heard *find(const struct node_surveyed *row, uint64_t epoch)
{
    size_t lo = 0, hi = row->heard_n;
    while (lo < hi) {
        const size_t at = lo + (hi - lo) / 2;
        if (row->heard[at].epoch == epoch)
            return &row->heard[at];
        if (row->heard[at].epoch < epoch)
            lo = at + 1;
        else
            hi = at;
    }
    return NULL;
}

/** What a member lacks of a run: of what can be covered or, if unheard, heard of. Nobody lists a run that has
 *  issued nothing, and nothing of it can be missing; else who does not list it has not said. */
static json_t *lack_of(const struct matrix *m, const struct node_surveyed *row,
                       const struct column *c, bool unheard)
{
    const struct peer_heard *h = find(row, c->epoch);
    if (h != NULL)
        return http_json_number(c->newest - (unheard ? h->heard : h->covered));
    return c->newest == 0 && !row->silent && !m->cut ? http_json_number(0) : json_null();
}

static json_t *lacks_of(const struct matrix *m, const struct node_surveyed *row, bool unheard)
{
    json_t *out = json_array();
    for (size_t i = 0; i < m->columns_n; i++)
        (void)json_array_append_new(out, lack_of(m, row, &m->columns[i], unheard));
    return out;
}

static json_t *row_of(const struct matrix *m, const struct node_surveyed *row)
{
    return json_pack("{s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "name", http_json_text(row->name),
                     "epoch", http_json_hex(row->epoch), "answered", !row->silent, "after_ms",
                     row->silent ? json_null() : ms_of(row->after_us), "left",
                     row->silent ? json_null() : http_json_number(row->left), "behind",
                     lacks_of(m, row, false), "unheard", lacks_of(m, row, true));
}

static json_t *rows_of(const struct matrix *m)
{
    json_t *out = json_array();
    for (size_t i = 0; i < m->rows_n; i++)
        (void)json_array_append_new(out, row_of(m, m->rows[i].said));
    return out;
}

static json_t *columns_of(const struct matrix *m)
{
    json_t *out = json_array();
    for (size_t i = 0; i < m->columns_n; i++) {
        const struct column *c = &m->columns[i];
        (void)json_array_append_new(out, json_pack("{s:o, s:O, s:o}", "epoch",
                                                   http_json_hex(c->epoch), "member", c->member,
                                                   "newest", http_json_number(c->newest)));
    }
    return out;
}

json_t *http_json_matrix(const struct node *n, const struct node_reply *reply)
{
    struct matrix m = {.columns_n = 0};
    struct node_view self;
    json_t *out = NULL;
    node_inspect(n, &self);
    if (gather(&m, n, reply))
        out = json_pack("{s:o, s:o, s:o, s:o}", "node", http_json_text(self.name), "took_ms",
                        ms_of(reply->took_us), "origins", columns_of(&m), "members", rows_of(&m));
    release(&m);
    return out;
}
