#include "base/rights.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"

static const char *const WORDS[RIGHTS_N] = {"read", "write", "invalidate", "admin"};

const char *rights_word(unsigned right)
{
    for (unsigned i = 0; i < RIGHTS_N; i++) {
        if (right == 1U << i)
            return WORDS[i];
    }
    return NULL;
}

uint8_t rights_named(struct slice word)
{
    for (unsigned i = 0; i < RIGHTS_N; i++) {
        if (slice_eq(slice_text(WORDS[i]), word))
            return (uint8_t)(1U << i);
    }
    return 0;
}

const char *rights_text(uint8_t rights, const char *separator, char out[RIGHTS_TEXT_MAX])
{
    struct writer w = writer_of(out, RIGHTS_TEXT_MAX);
    for (unsigned i = 0; i < RIGHTS_N; i++) {
        if ((rights >> i & 1) == 0)
            continue;
        if (w.len > 0)
            write_bytes(&w, slice_text(separator));
        write_bytes(&w, slice_text(WORDS[i]));
    }
    write_u8(&w, '\0');
    assert(w.err == OK);
    return out;
}
