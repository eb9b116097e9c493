#include "http/facts.h"

#include <assert.h>
#include <string.h>

#include "http/facts_rows.h"

static const struct facts_table *const TABLES[] = {&facts_cache, &facts_spread, &facts_members,
                                                   &facts_process};

const struct facts_row *http_facts_row(size_t i)
{
    for (size_t t = 0; t < ARRAY_LEN(TABLES); t++) {
        if (i < TABLES[t]->n)
            return &TABLES[t]->rows[i];
        i -= TABLES[t]->n;
    }
    return NULL;
}

uint64_t http_facts_value(const struct facts *f, const struct facts_row *row)
{
    uint64_t value = 0;
    assert(row->kind != FACTS_SPANS && row->at <= sizeof *f - sizeof value);
    memcpy(&value, (const char *)f + row->at, sizeof value);
    return value;
}

struct spans http_facts_spans(const struct facts *f, const struct facts_row *row)
{
    struct spans spans;
    assert(row->kind == FACTS_SPANS && row->at <= sizeof *f - sizeof spans);
    memcpy(&spans, (const char *)f + row->at, sizeof spans);
    return spans;
}

const char *http_state_text(enum swim_state state)
{
    static const char *const TEXTS[FACTS_STATES] = {[SWIM_CANDIDATE] = "candidate",
                                                    [SWIM_ALIVE] = "alive",
                                                    [SWIM_SUSPECT] = "suspect",
                                                    [SWIM_DEAD] = "dead",
                                                    [SWIM_LEFT] = "left"};
    assert((size_t)state < FACTS_STATES && TEXTS[state] != NULL);
    return TEXTS[state];
}

bool http_is_ready(const struct node_view *view)
{
    /* A conflict mutes a node without moving its state: the text alone tells. */
    return view->state == NODE_READY && strcmp(view->state_text, "ready") == 0;
}
