#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/inside.h"

#define ARENA_LEN          131072 /* holds a codec */
#define DEFAULT_TIMEOUT_MS 2000
#define DEFAULT_NAME       "libscrubjay"

static struct client_codec *make_codec(struct scrubjay *c)
{
    struct arena arena;
    c->memory = calloc(1, ARENA_LEN);
    if (c->memory == NULL)
        return NULL;
    arena_init(&arena, c->memory, ARENA_LEN);
    return client_codec_new(&arena, c->value_max);
}

/** Options with their defaults. An address that cannot be split is told at the first call. */
static void take_options(struct scrubjay *c, const struct scrubjay_options *options)
{
    const char *name = options->name != NULL ? options->name : DEFAULT_NAME;
    const uint32_t value_max = options->value_max;
    c->fd = -1;
    c->timeout_ms = options->timeout_ms != 0 ? options->timeout_ms : DEFAULT_TIMEOUT_MS;
    c->value_max = value_max != 0 ? value_max : CLIENT_VALUE_MAX;
    if (c->value_max > CLIENT_VALUE_LIMIT)
        c->value_max = CLIENT_VALUE_LIMIT;
    snprintf(c->name, sizeof c->name, "%s", name);
    login_options(c, options->id, options->key);
    c->plain = options->plain;
    if (!address_parse(options->address, &c->address)) {
        c->address.host[0] = '\0';
        snprintf(c->address.text, sizeof c->address.text, "%s", options->address);
    }
}

struct scrubjay *scrubjay_new(const struct scrubjay_options *options)
{
    const struct scrubjay_options none = {0};
    struct scrubjay *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    take_options(c, options != NULL ? options : &none);
    c->codec = make_codec(c);
    if (c->codec == NULL) {
        scrubjay_free(c);
        return NULL;
    }
    return c;
}

void scrubjay_free(struct scrubjay *c)
{
    if (c == NULL)
        return;
    link_close(c);
    client_codec_free(c->codec);
    pipeline_free(c);
    buffer_free(&c->watch.queue);
    buffer_free(&c->in);
    buffer_free(&c->out);
    buffer_free(&c->wire_in);
    buffer_free(&c->wire_out);
    free(c->names);
    free(c->memory);
    sodium_memzero(c, sizeof *c);
    free(c);
}

struct scrubjay_bytes scrubjay_text(const char *text)
{
    return (struct scrubjay_bytes){.at = text, .len = strlen(text)};
}

enum scrubjay_status scrubjay_connect(struct scrubjay *c)
{
    call_begin(c);
    return call_connect(c, true, call_deadline(c));
}

struct scrubjay_bytes scrubjay_result(const struct scrubjay *c)
{
    return bytes_from(c->result);
}

void scrubjay_set_reason(struct scrubjay *c, const char *text)
{
    snprintf(c->reason, sizeof c->reason, "%s", text != NULL ? text : "");
}
