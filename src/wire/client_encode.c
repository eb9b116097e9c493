#include <assert.h>

#include "wire/client_op.h"
#include "wire/client_pack.h"

#define LENGTH_LEN 4

size_t client_frame_begin(struct writer *w)
{
    const size_t mark = w->len;
    write_u32(w, 0);
    return mark;
}

void client_frame_end(struct writer *w, size_t mark)
{
    assert(mark <= w->len);
    if (w->err != OK) {
        w->len = mark;
        return;
    }
    struct writer length = writer_of(w->at + mark, LENGTH_LEN);
    write_u32(&length, (uint32_t)(w->len - mark - LENGTH_LEN));
}

static void pack_word(struct packer *p, const char *word)
{
    pack_str(p, slice_text(word));
}

static void pack_ns_key(struct packer *p, const struct client_request *q)
{
    pack_bin(p, q->ns);
    pack_bin(p, q->fill.key);
}

static void pack_list(struct packer *p, const struct slice *list, size_t n)
{
    pack_array(p, n);
    for (size_t i = 0; i < n; i++)
        pack_bin(p, list[i]);
}

/** Which options of an op's set have something to say. */
static uint8_t options_used(uint8_t allowed, const struct client_fill *fill,
                            const struct client_request *q)
{
    unsigned used = 0;
    used |= fill->ttl_ms != 0 ? OPTION_TTL_MS : 0;
    used |= fill->tags_n != 0 ? OPTION_TAGS : 0;
    used |= fill->token.len != 0 ? OPTION_TOKEN : 0;
    used |= q->reason.len != 0 ? OPTION_REASON : 0;
    used |= q->proto != 0 ? OPTION_PROTO : 0;
    return (uint8_t)(used & allowed);
}

/** The option map; nothing at all when it would be empty. */
static void pack_options(struct packer *p, uint8_t used, const struct client_fill *fill,
                         const struct client_request *q)
{
    if (used == 0)
        return;
    pack_map(p, (size_t)__builtin_popcount(used));
    if ((used & OPTION_TTL_MS) != 0) {
        pack_word(p, "ttl_ms");
        pack_u64(p, fill->ttl_ms);
    }
    if ((used & OPTION_TAGS) != 0) {
        pack_word(p, "tags");
        pack_list(p, fill->tags, fill->tags_n);
    }
    if ((used & OPTION_TOKEN) != 0) {
        pack_word(p, "token");
        pack_bin(p, fill->token);
    }
    if ((used & OPTION_REASON) != 0) {
        pack_word(p, "reason");
        pack_str(p, q->reason);
    }
    if ((used & OPTION_PROTO) != 0) {
        pack_word(p, "proto");
        pack_u64(p, q->proto);
    }
}

/** One entry of an mfill. */
static void pack_entry(struct packer *p, const struct client_fill *fill,
                       const struct client_request *q)
{
    const uint8_t used = options_used(client_op_find(OP_FILL)->options, fill, q);
    pack_array(p, used != 0 ? 4 : 3);
    pack_bin(p, fill->key);
    pack_bin(p, fill->value);
    pack_bin(p, fill->token);
    pack_options(p, used, fill, q);
}

static void pack_mfill(struct packer *p, const struct client_request *q)
{
    pack_bin(p, q->ns);
    pack_array(p, q->fills_n);
    for (size_t i = 0; i < q->fills_n; i++)
        pack_entry(p, &q->fills[i], q);
}

static void pack_filters(struct packer *p, const struct client_request *q)
{
    for (size_t i = 0; i < q->filters_n; i++) {
        pack_array(p, 2);
        pack_bin(p, q->filters[2 * i]);
        pack_bin_or_nil(p, q->filters[2 * i + 1]);
    }
}

static void pack_store(struct packer *p, const struct client_request *q)
{
    pack_ns_key(p, q);
    pack_bin(p, q->fill.value);
    if (q->op == OP_FILL)
        pack_bin(p, q->fill.token);
}

static void pack_invalidate(struct packer *p, const struct client_request *q)
{
    pack_bin(p, q->ns);
    pack_word(p, client_scope_text(q->scope));
    pack_list(p, q->targets, q->targets_n);
}

static void pack_positional(struct packer *p, const struct client_request *q)
{
    switch (q->op) {
    case OP_HELLO:
        pack_str(p, q->client);
        break;
    case OP_GET:
        pack_ns_key(p, q);
        break;
    case OP_FILL:
    case OP_PUT:
        pack_store(p, q);
        break;
    case OP_INVALIDATE:
        pack_invalidate(p, q);
        break;
    case OP_TOUCH:
        pack_ns_key(p, q);
        pack_u64(p, q->fill.ttl_ms);
        break;
    case OP_MGET:
        pack_bin(p, q->ns);
        pack_list(p, q->targets, q->targets_n);
        break;
    case OP_MFILL:
        pack_mfill(p, q);
        break;
    default:
        pack_filters(p, q); /* subscribe, unsubscribe; the rest has none */
    }
}

void client_request_encode(struct writer *w, const struct client_request *request)
{
    const struct client_op_spec *spec = client_op_find(request->op);
    assert(spec != NULL);
    const struct client_fill *fill = &request->fill;
    const uint8_t used = options_used(spec->options, fill, request);
    const size_t fixed = spec->args_n == ARGS_ANY ? request->filters_n : spec->args_n;
    const size_t mark = client_frame_begin(w);
    struct packer p = packer_of(w);
    pack_array(&p, 4);
    pack_u64(&p, 0);
    pack_u64(&p, request->id);
    pack_u64(&p, request->op);
    pack_array(&p, fixed + (used != 0));
    pack_positional(&p, request);
    pack_options(&p, used, fill, request);
    client_frame_end(w, mark);
}
