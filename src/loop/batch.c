#include "loop/batch.h"

/** false: what follows is no whole frame. */
static bool take_frame(struct batch *b, const struct client_codec *codec, struct slice *bytes)
{
    struct batch_one *one = &b->all[b->n];
    b->err = client_frame(codec, *bytes, &one->frame, &b->need, &b->fault);
    if (b->err != OK)
        return false;
    one->len = b->need;
    *bytes = slice_of(bytes->at + one->len, bytes->len - one->len);
    one->is_plain = client_plain_read(codec, one->frame, &one->plain.request);
    b->n++;
    return true;
}

/** The first goes its way at once: what it waits for nobody else would wait for meanwhile. */
static void hint(const struct batch *b, const struct command_ctx *ctx)
{
    for (size_t i = 0; i < b->n && b->n > 1; i++)
        if (b->all[i].is_plain)
            command_plain_hint(ctx, &b->all[i].plain);
}

void batch_fill(struct batch *b, const struct command_ctx *ctx, const struct client_codec *codec,
                struct slice bytes)
{
    b->n = 0;
    while (b->n < BATCH_MAX && take_frame(b, codec, &bytes))
        if (b->all[b->n - 1].is_plain)
            command_plain_prepare(ctx, &b->all[b->n - 1].plain);
    hint(b, ctx);
}
