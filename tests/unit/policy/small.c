#include "small.h"

#include <criterion/criterion.h>
#include <string.h>

#define LETTERS_MAX 256

struct trace trace_of(const char *letters)
{
    struct record records[LETTERS_MAX];
    struct trace t;
    const size_t n = strlen(letters);
    cr_assert_leq(n, LETTERS_MAX);
    for (size_t i = 0; i < n; i++)
        records[i] = (struct record){.id = (uint8_t)letters[i], .size = 1};
    cr_assert(trace_link(records, n, &t));
    return t;
}

const char *play(const struct policy *p, uint64_t capacity, const char *letters)
{
    static char out[LETTERS_MAX + 1];
    struct fault fault;
    struct trace t = trace_of(letters);
    const struct policy_cfg cfg = {.capacity = capacity,
                                   .objects_n = t.objects_n,
                                   .requests_n = t.requests_n,
                                   .value_len = 100,
                                   .fault = &fault};
    void *state = p->begin(&cfg);
    cr_assert_not_null(state);
    for (uint32_t i = 0; i < t.requests_n; i++) {
        struct trace_request request = t.requests[i];
        out[i] = p->ask(state, &request) ? '+' : '-';
    }
    out[t.requests_n] = 0;
    p->end(state);
    trace_free(&t);
    return out;
}
