/**
 * tests/e2e/record.h - one line of a client history: what `history` writes and `judge` reads.
 *
 * A line is one JSON object with always the same members in the same order, so that scanf() reads it
 * and jq, too. Times are microseconds of CLOCK_MONOTONIC, which all processes of a machine share.
 * Never interprets a line: that is the judge's work.
 */
#pragma once

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define RECORD_WORD     24 /* bytes of a word, its NUL included */
#define RECORD_LINE_MAX 512
#define RECORD_NODES    26 /* named by one letter, "a" to "z" */

/**
 * op: "read", "inv" (one line for each key it covers), "fill", "note".
 *   read: how = "plain", "after" (ref: an "inv"), "within" (bound in ms), "final";
 *         res = "hit" (then v), "miss", "wait", "unproven", or what went wrong.
 *   inv:  how = the scope, level = the level asked for; v = the version that was committed before;
 *         res = "ok", "unreached" (both: acknowledged), or what went wrong; mask = who had applied it.
 *   fill: v = what was stored; res = "stored" or the reason.
 *   note: how = "phase" or "kill"; res = name of the phase; node = who was killed.
 */
struct record {
    char op[8];
    uint32_t id; /* of an invalidation; the lines of its keys share it */
    uint64_t from_us, to_us;
    char node; /* 'a'...; '-' = none */
    uint32_t key;
    uint64_t v;
    char how[RECORD_WORD], res[RECORD_WORD], level[RECORD_WORD];
    uint32_t mask; /* bit i: node 'a' + i */
    uint32_t ref, bound;
};

/** Now, in microseconds. */
static inline uint64_t record_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/** Copy a word, cut to fit. */
static inline void record_word(char out[RECORD_WORD], const char *word)
{
    const size_t len = strnlen(word, RECORD_WORD - 1);
    memcpy(out, word, len);
    out[len] = 0;
}

/** Write one line; one call of stdio, so that threads may share f. */
static inline void record_write(FILE *f, const struct record *r)
{
    fprintf(f,
            "{\"op\":\"%s\",\"id\":%" PRIu32 ",\"from\":%" PRIu64 ",\"to\":%" PRIu64
            ",\"node\":\"%c\",\"key\":%" PRIu32 ",\"v\":%" PRIu64
            ",\"how\":\"%s\",\"res\":\"%s\",\"level\":\"%s\",\"mask\":%" PRIu32 ",\"ref\":%" PRIu32
            ",\"bound\":%" PRIu32 "}\n",
            r->op, r->id, r->from_us, r->to_us, r->node, r->key, r->v, r->how[0] ? r->how : "-",
            r->res[0] ? r->res : "-", r->level[0] ? r->level : "-", r->mask, r->ref, r->bound);
}

/** Read one line. Returns: 1, or 0 when it is none. */
static inline int record_read(const char *line, struct record *r)
{
    memset(r, 0, sizeof *r);
    /* NOLINTNEXTLINE(cert-err34-c): what is no number makes the count of members differ */
    return sscanf(
               line,
               "{\"op\":\"%7[^\"]\",\"id\":%" SCNu32 ",\"from\":%" SCNu64 ",\"to\":%" SCNu64
               ",\"node\":\"%c\",\"key\":%" SCNu32 ",\"v\":%" SCNu64
               ",\"how\":\"%23[^\"]\",\"res\":\"%23[^\"]\",\"level\":\"%23[^\"]\",\"mask\":%" SCNu32
               ",\"ref\":%" SCNu32 ",\"bound\":%" SCNu32 "}",
               r->op, &r->id, &r->from_us, &r->to_us, &r->node, &r->key, &r->v, r->how, r->res,
               r->level, &r->mask, &r->ref, &r->bound) == 13;
}
