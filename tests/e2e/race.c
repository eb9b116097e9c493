/**
 * tests/e2e/race.c - two writers and a reader of one key, in every order that there is.
 *
 *   race run HOST:PORT HOST:PORT HOST:PORT     plays all orders, each with a key of its own
 *   race judge HOST:PORT HOST:PORT HOST:PORT   holds what is cached now against the source
 *
 * Each writer changes the source, then invalidates; the reader misses, reads the source, then fills. That
 * is 210 orders of seven steps; in each of them the reader sits once at every node, the writers at the
 * first two. Nobody waits for news to spread. judge prints how many copies are cached and how many of
 * them are not what the source has; exit status 0 when none is wrong and some are there.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyed.h"

#define NODES  3
#define ACTORS 3
#define STEPS  7
#define READER 2

static const int steps_of[ACTORS] = {2, 2, 3};

struct order {
    int actors[STEPS];
    unsigned number;
};

/** What is played: a source with one row, and who asks where. */
struct play {
    struct scrubjay *nodes[NODES];
    bool judges;
    unsigned copies, wrong, errors;
};

static int source_after(const struct order *o)
{
    int done[ACTORS] = {0};
    int value = 0;
    for (int i = 0; i < STEPS; i++) {
        const int actor = o->actors[i];
        if (actor != READER && done[actor]++ == 0)
            value = actor + 1;
    }
    return value;
}

static void name_key(char key[32], const struct order *o, int seat)
{
    snprintf(key, 32, "race:%u:%d", o->number, seat);
}

static void value_text(char text[8], int value)
{
    snprintf(text, 8, "v%c", '0' + value);
}

/** The reader: its token lives from its first step to its last. */
struct reader {
    struct scrubjay *at;
    struct scrubjay_bytes key;
    uint8_t token[SCRUBJAY_TOKEN_MAX];
    size_t token_len;
    int read;
};

static void read_step(struct play *p, struct reader *r, int step, int source)
{
    struct scrubjay_value got = {0};
    char text[8];
    if (step == 0) {
        const enum scrubjay_status status = scrubjay_get(r->at, "", r->key, &got);
        p->errors += status != SCRUBJAY_MISS || got.token.len > sizeof r->token;
        r->token_len = status == SCRUBJAY_MISS ? got.token.len : 0;
        if (r->token_len > 0)
            memcpy(r->token, got.token.at, r->token_len);
    } else if (step == 1) {
        r->read = source;
    } else {
        value_text(text, r->read);
        const enum scrubjay_status status =
            scrubjay_fill(r->at, "", r->key, scrubjay_text(text),
                          (struct scrubjay_bytes){r->token, r->token_len}, NULL);
        p->errors += status != SCRUBJAY_OK && status != SCRUBJAY_REFUSED;
    }
}

static void play_order(struct play *p, const struct order *o, int seat)
{
    int done[ACTORS] = {0};
    int source = 0;
    char text[32];
    name_key(text, o, seat);
    const struct scrubjay_bytes key = scrubjay_text(text);
    struct reader reader = {.at = p->nodes[seat], .key = key};
    for (int i = 0; i < STEPS; i++) {
        const int actor = o->actors[i];
        const int step = done[actor]++;
        if (actor == READER)
            read_step(p, &reader, step, source);
        else if (step == 0)
            source = actor + 1;
        else
            p->errors += scrubjay_invalidate(p->nodes[actor], "", SCRUBJAY_KEY, &key, 1, NULL) !=
                         SCRUBJAY_OK;
    }
}

static void judge_order(struct play *p, const struct order *o, int seat)
{
    char key[32];
    char wanted[8];
    name_key(key, o, seat);
    value_text(wanted, source_after(o));
    for (int i = 0; i < NODES; i++) {
        struct scrubjay_value got = {0};
        if (scrubjay_get(p->nodes[i], "", scrubjay_text(key), &got) != SCRUBJAY_OK)
            continue;
        p->copies++;
        p->wrong +=
            got.value.len != strlen(wanted) || memcmp(got.value.at, wanted, got.value.len) != 0;
    }
}

/** Fill in the steps from i on in every way, and take each. */
static void each_order(struct play *p, struct order *o, int i, int left[ACTORS]) /* NOLINT */
{
    for (int seat = 0; i == STEPS && seat < NODES; seat++) {
        if (p->judges)
            judge_order(p, o, seat);
        else
            play_order(p, o, seat);
    }
    o->number += i == STEPS;
    for (int actor = 0; i < STEPS && actor < ACTORS; actor++) {
        if (left[actor] == 0)
            continue;
        left[actor]--;
        o->actors[i] = actor;
        each_order(p, o, i + 1, left);
        left[actor]++;
    }
}

int main(int argc, char **argv)
{
    struct play p = {.judges = argc > 1 && strcmp(argv[1], "judge") == 0};
    struct order order = {.number = 0};
    int left[ACTORS];
    if (argc != 2 + NODES || (!p.judges && strcmp(argv[1], "run") != 0)) {
        fprintf(stderr, "usage: race run|judge HOST:PORT HOST:PORT HOST:PORT\n");
        return 2;
    }
    memcpy(left, steps_of, sizeof left);
    for (int i = 0; i < NODES; i++) {
        p.nodes[i] = keyed_new(
            &(struct scrubjay_options){.address = argv[2 + i], .name = "race", .timeout_ms = 5000});
        if (p.nodes[i] == NULL)
            return 2;
    }
    each_order(&p, &order, 0, left);
    printf("%u orders, %u copies, %u wrong, %u errors\n", order.number, p.copies, p.wrong,
           p.errors);
    for (int i = 0; i < NODES; i++)
        scrubjay_free(p.nodes[i]);
    return p.wrong == 0 && p.errors == 0 && (!p.judges || p.copies > 0) ? 0 : 1;
}
