#include "policy/trace.h"

#include <assert.h>
#include <stdlib.h>

#include "policy/unpack.h"

static_assert(TRACE_NEVER == (uint32_t)(0 - 1), "look_ahead() counts on it");

/** Open addressing: from an id to the number of its object. */
struct ids {
    uint64_t *keys;
    uint32_t *objects; /* plus 1; 0 = empty */
    size_t mask;
};

static bool make_ids(struct ids *ids, size_t n)
{
    size_t slots = 16;
    while (slots < 2 * n)
        slots *= 2;
    ids->keys = calloc(slots, sizeof *ids->keys);
    ids->objects = calloc(slots, sizeof *ids->objects);
    ids->mask = slots - 1;
    return ids->keys != NULL && ids->objects != NULL;
}

/** The number of the object of that id: next_new when it was not there. */
static uint32_t number(struct ids *ids, uint64_t id, uint32_t next_new)
{
    size_t i = (id * 0x9E3779B97F4A7C15ULL >> 20) & ids->mask; /* Knuth's multiplicative hash */
    while (ids->objects[i] != 0 && ids->keys[i] != id)
        i = (i + 1) & ids->mask;
    if (ids->objects[i] == 0) {
        ids->keys[i] = id;
        ids->objects[i] = next_new + 1;
    }
    return ids->objects[i] - 1;
}

static void number_all(struct ids *ids, const struct record *records, struct trace *t)
{
    for (uint32_t i = 0; i < t->requests_n; i++) {
        const uint32_t object = number(ids, records[i].id, t->objects_n);
        if (object == t->objects_n) {
            t->objects_n++;
            t->bytes += records[i].size;
        }
        t->requests[i] = (struct trace_request){.object = object, .size = records[i].size};
    }
}

/** Walk back from the end: the last that was seen of an object is its next. */
static bool look_ahead(struct trace *t)
{
    uint32_t *seen = calloc(t->objects_n + 1ULL, sizeof *seen); /* plus 1; 0 = not yet */
    if (seen == NULL)
        return false;
    for (uint32_t i = t->requests_n; i-- > 0;) {
        struct trace_request *r = &t->requests[i];
        r->next = seen[r->object] - 1; /* TRACE_NEVER when there was none */
        seen[r->object] = i + 1;
    }
    free(seen);
    return true;
}

bool trace_link(const struct record *records, size_t n, struct trace *out)
{
    struct ids ids = {.keys = NULL};
    *out = (struct trace){.requests_n = (uint32_t)n};
    out->requests = malloc((n + 1) * sizeof *out->requests);
    bool linked = out->requests != NULL && make_ids(&ids, n);
    if (linked) {
        number_all(&ids, records, out);
        linked = look_ahead(out);
    }
    free(ids.keys);
    free(ids.objects);
    if (!linked)
        trace_free(out);
    return linked;
}

bool trace_load(const char *path, const enum trace_format *format, struct trace *out,
                struct fault *fault)
{
    struct blob blob = {.at = NULL};
    struct records records = {.at = NULL};
    enum trace_format guessed = TRACE_ARC;
    if (format == NULL && !decode_guess(path, &guessed))
        return fault_tell(fault, "%s: its name tells no format: use --format", path);
    bool loaded =
        unpack_file(path, &blob, fault) && decode(path, format != NULL ? *format : guessed,
                                                  slice_of(blob.at, blob.len), &records, fault);
    free(blob.at);
    if (loaded && !trace_link(records.at, records.n, out))
        loaded = fault_tell(fault, "%s: no memory for %zu requests", path, records.n);
    free(records.at);
    return loaded;
}

void trace_free(struct trace *t)
{
    free(t->requests);
    *t = (struct trace){.requests = NULL};
}
