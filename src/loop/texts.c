#include <stdlib.h>
#include <string.h>

#include "loop/inside.h"

bool texts_copy(struct loop_texts *out, const struct loop_texts *from)
{
    *out = (struct loop_texts){.at = NULL};
    if (from->n == 0)
        return true;
    size_t len = from->n * sizeof(char *);
    for (size_t i = 0; i < from->n; i++)
        len += strlen(from->at[i]) + 1;
    const char **copy = malloc(len);
    if (copy == NULL)
        return false;
    char *text = (char *)(copy + from->n);
    for (size_t i = 0; i < from->n; i++) {
        const size_t text_len = strlen(from->at[i]) + 1;
        memcpy(text, from->at[i], text_len);
        copy[i] = text;
        text += text_len;
    }
    *out = (struct loop_texts){.at = copy, .n = from->n};
    return true;
}

void texts_free(struct loop_texts *texts)
{
    free((void *)texts->at);
    *texts = (struct loop_texts){.at = NULL};
}
