/** One trace through one policy. */
#include <string.h>

#include "policy/policy.h"

const struct policy *const POLICIES[] = {&POLICY_FIFO,   &POLICY_LRU, &POLICY_SIEVE,
                                         &POLICY_S3FIFO, &POLICY_OPT, &POLICY_ENGINE};
const size_t POLICIES_N = sizeof POLICIES / sizeof POLICIES[0];

const struct policy *policy_find(const char *name)
{
    for (size_t i = 0; i < POLICIES_N; i++) {
        if (strcmp(POLICIES[i]->name, name) == 0)
            return POLICIES[i];
    }
    return strcmp(POLICY_S3FIFO_PAPER.name, name) == 0 ? &POLICY_S3FIFO_PAPER : NULL;
}

bool policy_replay(const struct policy *p, const struct replay *r, struct policy_result *out,
                   struct fault *fault)
{
    const struct policy_cfg cfg = {.capacity = r->capacity,
                                   .objects_n = r->trace->objects_n,
                                   .requests_n = r->trace->requests_n,
                                   .value_len = r->value_len,
                                   .fault = fault};
    void *state = p->begin(&cfg);
    if (state == NULL)
        return false;
    *out = (struct policy_result){.requests = r->trace->requests_n};
    for (uint32_t i = 0; i < r->trace->requests_n; i++) {
        struct trace_request request = r->trace->requests[i];
        if (!r->by_size)
            request.size = 1;
        out->hits += p->ask(state, &request);
    }
    if (p->facts != NULL)
        p->facts(state, &out->facts);
    p->end(state);
    return true;
}
