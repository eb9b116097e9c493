#include "node/survey.h"

#include <assert.h>
#include <string.h>

#include "base/rng.h"

struct question {
    bool open;
    bool again; /* those that are not done were asked once more */
    uint64_t ticket;
    uint64_t challenge;
    mono_us asked_at;
    struct survey_row *rows; /* members_max and one: the last one is this node's */
    size_t rows_n;           /* members */
    size_t row_max;          /* origins that each has room for */
    size_t next;             /* the row to be looked at next */
    size_t due_n;            /* rows that are to be asked now */
    size_t over_n;
    struct peer_heard *cells; /* SURVEY_CELLS */
};

struct survey {
    struct survey_cfg cfg;
    struct rng rng;
    struct question asks[SURVEY_ASKS];
    size_t asks_n; /* open ones */
    struct survey_counters counters;
};

struct survey *survey_new(struct arena *arena, const struct survey_cfg *cfg)
{
    assert(cfg->members_max < SURVEY_CELLS);
    struct survey *s = arena_take(arena, 1, sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct survey){.cfg = *cfg};
    rng_init(&s->rng, cfg->seed);
    for (size_t i = 0; i < SURVEY_ASKS; i++) {
        struct question *q = &s->asks[i];
        q->rows = arena_take(arena, (size_t)cfg->members_max + 1, sizeof *q->rows);
        q->cells = arena_take(arena, SURVEY_CELLS, sizeof *q->cells);
        if (q->rows == NULL || q->cells == NULL)
            return NULL;
    }
    return s;
}

/* ---- answering ---- */

/** Put one into its place by epoch; of more than `most` the highest falls out. */
static void insert(struct peer_heard *at, size_t *n, size_t most, const struct origin_view *o)
{
    size_t i = *n;
    while (i > 0 && at[i - 1].epoch > o->epoch)
        i--;
    if (i == most)
        return;
    const size_t moved = (*n < most ? *n : most - 1) - i;
    memmove(&at[i + 1], &at[i], moved * sizeof *at);
    at[i] = (struct peer_heard){.epoch = o->epoch, .heard = o->head, .covered = o->applied};
    *n += *n < most;
}

void survey_answer(const struct ledger *l, const struct peer_survey *ask, size_t room,
                   struct peer_surveyed *out)
{
    const size_t most = ask->most < room ? ask->most : room;
    size_t behind = 0;
    assert(most >= 1 && most <= PEER_HEARD_MAX);
    *out = (struct peer_surveyed){.challenge = ask->challenge, .after = ask->after};
    for (size_t i = 0; i < ledger_origins(l); i++) {
        const struct origin_view o = ledger_origin_at(l, i);
        if (o.epoch <= ask->after)
            continue;
        behind++;
        insert(out->at, &out->n, most, &o);
    }
    out->left = (uint32_t)(behind - out->n);
}

/* ---- asking ---- */

/** The last epoch that it told of. */
static uint64_t told_upto(const struct survey_row *row)
{
    return row->heard_n == 0 ? 0 : row->heard[row->heard_n - 1].epoch;
}

static uint8_t wanted_of(const struct question *a, const struct survey_row *row)
{
    const size_t most = a->again ? SURVEY_NARROW : PEER_HEARD_MAX;
    const size_t room = a->row_max - row->heard_n;
    return (uint8_t)(room < most ? room : most);
}

/** Append a piece to a row, as far as there is room, and see whether it is the last one. */
static void append(struct question *a, struct survey_row *row, const struct peer_surveyed *answer)
{
    const size_t room = a->row_max - row->heard_n;
    const size_t n = answer->n < room ? answer->n : room;
    memcpy(&row->heard[row->heard_n], answer->at, n * sizeof answer->at[0]);
    row->heard_n += n;
    row->left = answer->left + (uint32_t)(answer->n - n);
    row->over = row->left == 0 || row->heard_n == a->row_max;
}

/** What this node has itself, by the same rules. */
static void add_own_row(struct question *a, mono_us now, const struct ledger *l)
{
    struct survey_row *row = &a->rows[a->rows_n];
    *row = (struct survey_row){
        .epoch = ledger_epoch(l), .told_at = now, .heard = &a->cells[a->rows_n * a->row_max]};
    while (!row->over) {
        struct peer_surveyed piece;
        const struct peer_survey ask = {.after = told_upto(row), .most = wanted_of(a, row)};
        survey_answer(l, &ask, PEER_HEARD_MAX, &piece);
        append(a, row, &piece);
    }
}

static struct question *free_question(struct survey *s)
{
    for (size_t i = 0; i < SURVEY_ASKS; i++)
        if (!s->asks[i].open)
            return &s->asks[i];
    return NULL;
}

/** All rows have the same room: what is left out is then the same origins of each. */
static size_t room_of_rows(size_t members_n)
{
    const size_t room = SURVEY_CELLS / (members_n + 1);
    return room < SURVEY_ROW_MAX ? room : SURVEY_ROW_MAX;
}

enum err survey_ask(struct survey *s, mono_us now, const struct ledger *l,
                    const struct survey_question *q)
{
    struct question *a = free_question(s);
    if (a == NULL) {
        s->counters.asks_full++;
        return ERR_FULL;
    }
    const size_t rows_n = q->members_n < s->cfg.members_max ? q->members_n : s->cfg.members_max;
    *a = (struct question){.open = true,
                           .ticket = q->ticket,
                           .challenge = rng_next(&s->rng) | 1, /* never 0 */
                           .asked_at = now,
                           .rows = a->rows,
                           .rows_n = rows_n,
                           .row_max = room_of_rows(rows_n),
                           .due_n = rows_n,
                           .cells = a->cells};
    for (size_t i = 0; i < rows_n; i++)
        a->rows[i] = (struct survey_row){
            .id = q->members[i], .silent = true, .due = true, .heard = &a->cells[i * a->row_max]};
    add_own_row(a, now, l);
    s->asks_n++;
    s->counters.asks++;
    return OK;
}

/** Whoever is not done is asked once more: its answer, or what asked for it, was lost. */
static void ask_again(struct question *a)
{
    a->again = true;
    a->due_n = 0;
    for (size_t i = 0; i < a->rows_n; i++) {
        a->rows[i].due = !a->rows[i].over;
        a->due_n += a->rows[i].due;
    }
}

/** The next member of a question that is to be asked now; NULL when there is none. */
static struct survey_row *next_row(struct question *a, mono_us now)
{
    if (!a->again && now >= a->asked_at + SURVEY_AGAIN_US)
        ask_again(a);
    if (a->due_n == 0)
        return NULL;
    while (!a->rows[a->next % a->rows_n].due)
        a->next++;
    struct survey_row *row = &a->rows[a->next++ % a->rows_n];
    row->due = false;
    a->due_n--;
    return row;
}

bool survey_poll(struct survey *s, mono_us now, struct survey_out *out)
{
    for (size_t i = 0; s->asks_n > 0 && i < SURVEY_ASKS; i++) {
        struct question *a = &s->asks[i];
        const struct survey_row *row = a->open ? next_row(a, now) : NULL;
        if (row == NULL)
            continue;
        *out = (struct survey_out){.to = row->id,
                                   .survey = {.challenge = a->challenge,
                                              .after = told_upto(row),
                                              .most = wanted_of(a, row)}};
        return true;
    }
    return false;
}

/** The row that this answer goes on with; NULL when there is none. */
static struct survey_row *row_of(struct question *a, uint64_t id, uint64_t epoch,
                                 const struct peer_surveyed *answer)
{
    for (size_t i = 0; a->challenge == answer->challenge && i < a->rows_n; i++) {
        struct survey_row *row = &a->rows[i];
        if (row->id == id && !row->over && answer->after == told_upto(row) &&
            (row->silent || row->epoch == epoch))
            return row;
    }
    return NULL;
}

static void take_answer(struct question *a, mono_us now, struct survey_row *row,
                        const struct peer_surveyed *answer)
{
    append(a, row, answer);
    a->due_n += !row->over;
    a->due_n -= row->due; /* it was to be asked once more: its answer was only late */
    a->over_n += row->over;
    row->due = !row->over;
    row->silent = false;
    row->told_at = now;
}

void survey_recv(struct survey *s, mono_us now, uint64_t id, uint64_t epoch,
                 const struct peer_surveyed *answer)
{
    for (size_t i = 0; s->asks_n > 0 && i < SURVEY_ASKS; i++) {
        struct question *a = &s->asks[i];
        struct survey_row *row = a->open ? row_of(a, id, epoch, answer) : NULL;
        if (row == NULL)
            continue;
        row->epoch = epoch;
        take_answer(a, now, row, answer);
        return;
    }
    s->counters.strangers++;
}

static bool is_over(const struct question *a, mono_us now)
{
    return a->open && (a->over_n == a->rows_n || now >= a->asked_at + SURVEY_WAIT_US);
}

bool survey_done(struct survey *s, mono_us now, struct survey_done *out)
{
    for (size_t i = 0; s->asks_n > 0 && i < SURVEY_ASKS; i++) {
        struct question *a = &s->asks[i];
        if (!is_over(a, now))
            continue;
        a->open = false;
        s->asks_n--;
        s->counters.answers += a->over_n;
        s->counters.silent += a->rows_n - a->over_n;
        *out = (struct survey_done){
            .ticket = a->ticket, .asked_at = a->asked_at, .rows = a->rows, .rows_n = a->rows_n + 1};
        return true;
    }
    return false;
}

static mono_us question_time(const struct question *a)
{
    if (!a->open)
        return NEVER;
    if (a->over_n == a->rows_n || a->due_n > 0)
        return a->asked_at;
    return a->asked_at + (a->again ? SURVEY_WAIT_US : SURVEY_AGAIN_US);
}

mono_us survey_deadline(const struct survey *s)
{
    mono_us at = NEVER;
    for (size_t i = 0; s->asks_n > 0 && i < SURVEY_ASKS; i++)
        at = time_min(at, question_time(&s->asks[i]));
    return at;
}

struct survey_counters survey_counters(const struct survey *s)
{
    return s->counters;
}
