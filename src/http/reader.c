#include "http/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_MAX 48 /* "EPOCH-NUMBER" and its NUL */

static void say_id(struct http_text *out, uint64_t epoch, uint64_t id)
{
    char text[ID_MAX];
    (void)snprintf(text, sizeof text, "id: %016" PRIx64 "-%" PRIu64 "\n", epoch, id);
    http_text_say(out, text);
}

/** The number in an id of this run; false: it is none, or not yet given. */
static bool read_id(const char *text, uint64_t epoch, uint64_t newest, uint64_t *out)
{
    char wanted[ID_MAX];
    const int n = snprintf(wanted, sizeof wanted, "%016" PRIx64 "-", epoch);
    if (strncmp(text, wanted, (size_t)n) != 0 || text[n] < '0' || text[n] > '9')
        return false;
    char *end = NULL;
    const unsigned long long id = strtoull(text + n, &end, 10);
    if (*end != '\0' || id > newest)
        return false;
    *out = id;
    return true;
}

void http_reader_init(struct http_reader *r, const struct http_events *e, uint64_t epoch,
                      const char *last_id)
{
    char retry[32];
    uint64_t last = e->added;
    *r = (struct http_reader){.next = 0};
    r->unknown_past = last_id != NULL && !read_id(last_id, epoch, e->added, &last);
    r->next = last + 1;
    (void)snprintf(retry, sizeof retry, "retry: %d\n", READER_RETRY_MS);
    http_text_say(&r->block, retry);
    say_id(&r->block, epoch, last);
    http_text_say(&r->block, "\n");
}

void http_reader_fini(struct http_reader *r)
{
    http_text_fini(&r->block);
}

bool http_reader_behind(const struct http_reader *r, const struct http_events *e)
{
    return r->taken < r->block.len || r->unknown_past || r->next <= e->added;
}

void http_reader_beat(struct http_reader *r)
{
    if (r->taken == r->block.len)
        http_text_say(&r->block, ":\n\n");
}

/** data is taken; it holds no line breaks (RFC 8259 7). */
static void say_block(struct http_text *out, const char *type, json_t *data)
{
    http_text_say(out, "event: ");
    http_text_say(out, type);
    http_text_say(out, "\ndata: ");
    http_text_json(out, data);
    http_text_say(out, "\n\n");
}

static void say_gap(struct http_reader *r, const struct http_json_events *j, uint64_t oldest)
{
    json_t *missed = r->unknown_past ? json_null() : http_json_number(oldest - r->next);
    r->gaps++;
    r->missed += r->unknown_past ? 0 : oldest - r->next;
    r->next = r->unknown_past ? r->next : oldest;
    r->unknown_past = false;
    say_id(&r->block, j->self, r->next - 1);
    say_block(&r->block, "gap", json_pack("{s:o}", "missed", missed));
}

static void say_event(struct http_reader *r, const struct http_event *event,
                      const struct http_json_events *j)
{
    const char *type = NULL;
    json_t *data = http_json_event(j, event, &type);
    say_id(&r->block, j->self, event->id);
    say_block(&r->block, type, data);
    r->next++;
}

/** Render the next block, if there is one. */
static void render(struct http_reader *r, const struct http_events *e,
                   const struct http_json_events *j)
{
    const uint64_t oldest = http_events_oldest(e);
    http_text_fini(&r->block);
    r->taken = 0;
    if (r->unknown_past || r->next < oldest)
        say_gap(r, j, oldest);
    else if (r->next <= e->added)
        say_event(r, http_events_at(e, r->next), j);
}

size_t http_reader_take(struct http_reader *r, const struct http_events *e,
                        const struct http_json_events *j, char *to, size_t cap)
{
    size_t n = 0;
    while (n < cap && !r->block.failed && http_reader_behind(r, e)) {
        if (r->taken == r->block.len) {
            render(r, e, j);
            continue;
        }
        const size_t left = r->block.len - r->taken;
        const size_t part = left < cap - n ? left : cap - n;
        memcpy(to + n, r->block.at + r->taken, part);
        r->taken += part;
        n += part;
    }
    return r->block.failed ? 0 : n;
}
