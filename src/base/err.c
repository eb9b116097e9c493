#include "base/err.h"

#include <assert.h>
#include <stddef.h>

#define ERR_TEXT(name, text) [name] = (text),
static const char *const TEXTS[] = {ERR_LIST(ERR_TEXT)};
#undef ERR_TEXT

const char *err_text(enum err err)
{
    assert((size_t)err < ARRAY_LEN(TEXTS));
    return TEXTS[err];
}
