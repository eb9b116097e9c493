#include "loop/batch.h"

/** false: what follows is no whole frame. */
static bool take_frame(struct batch_one *one, const struct client_codec *codec, struct slice *bytes,
                       struct client_fault *fault)
{
    if (client_frame(codec, *bytes, &one->frame, &one->len, fault) != OK)
        return false;
    *bytes = slice_of(bytes->at + one->len, bytes->len - one->len);
    one->is_plain = client_plain_read(codec, one->frame, &one->plain.request);
    return true;
}

size_t batch_add(struct batch *b, const struct command_ctx *ctx, const struct client_codec *codec,
                 struct slice bytes)
{
    const size_t before = b->n;
    struct client_fault untold; /* one for all: whatever lies on the stack is cleared first */
    while (b->n < BATCH_MAX && take_frame(&b->all[b->n], codec, &bytes, &untold)) {
        if (b->all[b->n].is_plain)
            command_plain_prepare(ctx, &b->all[b->n].plain);
        b->n++;
    }
    return b->n - before;
}

void batch_hint(struct batch *b)
{
    if (b->n == 1)
        return; /* it is about to look for itself, and nobody waits beside it */
    /* Loops of their own, and short: the processor then has many requests in its window at once, and
     * walks the page tables for several. */
    for (size_t i = 0; i < b->n; i++)
        if (b->all[i].is_plain)
            command_plain_hint(&b->all[i].plain);
    for (size_t i = 0; i < b->n; i++)
        if (b->all[i].is_plain)
            command_plain_hint_item(&b->all[i].plain, b->likely_len);
}

void batch_learn(struct batch *b, size_t reply_len)
{
    b->likely_len += (reply_len + 7) / 8 - b->likely_len / 8;
}
