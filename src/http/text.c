#include "http/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 1024

static bool reserve(struct http_text *t, size_t n)
{
    size_t cap = t->cap == 0 ? ROOM_FIRST : t->cap;
    while (cap - t->len < n && cap <= SIZE_MAX / 2)
        cap *= 2;
    if (cap - t->len < n)
        return false;
    if (cap == t->cap)
        return true;
    char *grown = realloc(t->at, cap);
    if (grown == NULL)
        return false;
    t->at = grown;
    t->cap = cap;
    return true;
}

void http_text_add(struct http_text *t, const void *bytes, size_t n)
{
    if (t->failed || n == 0)
        return;
    if (!reserve(t, n)) {
        t->failed = true;
        return;
    }
    memcpy(t->at + t->len, bytes, n);
    t->len += n;
}

void http_text_say(struct http_text *t, const char *text)
{
    http_text_add(t, text, strlen(text));
}

void http_text_number(struct http_text *t, uint64_t value)
{
    char digits[24];
    const int n = snprintf(digits, sizeof digits, "%" PRIu64, value);
    http_text_add(t, digits, (size_t)n);
}

static int append(const char *bytes, size_t n, void *text)
{
    http_text_add(text, bytes, n);
    return 0;
}

void http_text_json(struct http_text *t, json_t *value)
{
    if (value == NULL || json_dump_callback(value, append, t, JSON_COMPACT) != 0)
        t->failed = true;
    json_decref(value);
}

void http_text_fini(struct http_text *t)
{
    free(t->at);
    *t = (struct http_text){0};
}
