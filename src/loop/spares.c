#include "loop/spares.h"

#include <stdbool.h>
#include <stdlib.h>

static bool fits(const struct spares *s, size_t cap)
{
    return s->n < SPARES_MAX && cap <= SPARES_PIECE_MAX && s->len + cap <= SPARES_LEN_MAX;
}

void spares_keep(struct spares *s, struct outbuf *from)
{
    if (from->at == NULL)
        return;
    if (!fits(s, from->cap)) {
        outbuf_fini(from);
        return;
    }
    struct spare *spare = &s->all[s->n++];
    spare->at = outbuf_give(from, &spare->cap);
    s->len += spare->cap;
}

void spares_lend(struct spares *s, struct outbuf *to)
{
    if (to->at != NULL || s->n == 0)
        return;
    const struct spare *spare = &s->all[--s->n];
    s->len -= spare->cap;
    outbuf_take(to, spare->at, spare->cap);
}

void spares_fini(struct spares *s)
{
    while (s->n > 0)
        free(s->all[--s->n].at);
    s->len = 0;
}
