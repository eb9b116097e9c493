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
static uint32_t options_used(uint32_t allowed, const struct client_fill *fill,
                             const struct client_request *q)
{
    unsigned used = 0;
    used |= fill->ttl_ms != 0 ? OPTION_TTL_MS : 0;
    used |= fill->fresh_ms != 0 ? OPTION_FRESH_MS : 0;
    used |= fill->tags_n != 0 ? OPTION_TAGS : 0;
    used |= fill->token.len != 0 ? OPTION_TOKEN : 0;
    used |= fill->has_version ? OPTION_VERSION : 0;
    used |= q->ack.level != ACK_DEFAULT ? OPTION_ACK : 0;
    used |= q->timeout_ms != 0 ? OPTION_TIMEOUT_MS : 0;
    used |= q->stamp.len != 0 ? OPTION_TXN : 0;
    used |= q->soft ? OPTION_SOFT : 0;
    used |= q->dry_run ? OPTION_DRY_RUN : 0;
    used |= q->reason.len != 0 ? OPTION_REASON : 0;
    used |= q->proto != 0 ? OPTION_PROTO : 0;
    used |= q->auth.len != 0 ? OPTION_AUTH : 0;
    used |= q->share.len != 0 ? OPTION_SHARE : 0;
    used |= q->read.after.len != 0 ? OPTION_AFTER : 0;
    used |= q->read.stale ? OPTION_STALE : 0;
    used |= q->read.wait_ms != 0 ? OPTION_WAIT_MS : 0;
    used |= q->read.within_ms != 0 ? OPTION_WITHIN_MS : 0;
    return used & allowed;
}

/** The acknowledgement level: its word, or a number of nodes. */
static void pack_ack(struct packer *p, const struct client_ack *ack)
{
    if (ack->level == ACK_NODES)
        pack_u64(p, ack->k);
    else
        pack_word(p, client_ack_text(ack->level));
}

/** The value of one option, when it is about what is stored. */
static bool pack_store_option(struct packer *p, uint32_t option, const struct client_fill *fill)
{
    switch (option) {
    case OPTION_TTL_MS:
        pack_u64(p, fill->ttl_ms);
        return true;
    case OPTION_FRESH_MS:
        pack_u64(p, fill->fresh_ms);
        return true;
    case OPTION_TAGS:
        pack_list(p, fill->tags, fill->tags_n);
        return true;
    case OPTION_TOKEN:
        pack_bin(p, fill->token);
        return true;
    case OPTION_VERSION:
        pack_u64(p, fill->version);
        return true;
    default:
        return false;
    }
}

/** The value of one option of the others. */
static void pack_option(struct packer *p, uint32_t option, const struct client_request *q)
{
    switch (option) {
    case OPTION_ACK:
        pack_ack(p, &q->ack);
        break;
    case OPTION_TIMEOUT_MS:
        pack_u64(p, q->timeout_ms);
        break;
    case OPTION_REASON:
        pack_str(p, q->reason);
        break;
    case OPTION_PROTO:
        pack_u64(p, q->proto);
        break;
    case OPTION_AFTER:
        pack_bin(p, q->read.after);
        break;
    case OPTION_TXN:
        pack_bin(p, q->stamp);
        break;
    case OPTION_AUTH:
        pack_bin(p, q->auth);
        break;
    case OPTION_SHARE:
        pack_bin(p, q->share);
        break;
    case OPTION_WAIT_MS:
        pack_u64(p, q->read.wait_ms);
        break;
    case OPTION_WITHIN_MS:
        pack_u64(p, q->read.within_ms);
        break;
    default:
        pack_bool(p, true); /* soft, dry_run, stale: said only when they are true */
    }
}

/** The option map, in the order of enum client_option; nothing at all when it would be empty. */
static void pack_options(struct packer *p, uint32_t used, const struct client_fill *fill,
                         const struct client_request *q)
{
    if (used == 0)
        return;
    pack_map(p, (size_t)__builtin_popcount(used));
    for (uint32_t option = 1; option <= used; option <<= 1) {
        if ((used & option) == 0)
            continue;
        pack_word(p, client_option_text(option));
        if (!pack_store_option(p, option, fill))
            pack_option(p, option, q);
    }
}

/** One entry of an mfill. */
static void pack_entry(struct packer *p, const struct client_fill *fill,
                       const struct client_request *q)
{
    const uint32_t used = options_used(client_op_find(OP_FILL)->options, fill, q);
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
    case OP_BEGIN:
        pack_invalidate(p, q);
        break;
    case OP_TRACE:
    case OP_COMMIT:
    case OP_ABORT:
        pack_bin(p, q->stamp);
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
    const uint32_t used = options_used(spec->options, fill, request);
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
