/** deploy/man/man_jay.c - the manuals of jay and of the protocol that it speaks. */
#include <stdio.h>

#include "base/attr.h"
#include "cli/jay.h"
#include "wire/client.h"

#include "manual.h"

static void put_commands(void)
{
    for (size_t i = 0; i < JAY_COMMANDS_N; i++) {
        const struct jay_command *c = &JAY_COMMANDS[i];
        printf(".It Ic %s", c->name);
        if (c->synopsis[0] != '\0') {
            printf(" No ");
            manual_quoted(c->synopsis);
        }
        putchar('\n');
        manual_text(c->summary);
        printf(".\n");
        if (c->help != NULL)
            manual_literal(c->help);
    }
}

static void put_operations(void)
{
    for (uint32_t op = OP_HELLO; op <= OP_MATRIX; op++)
        printf(".It Ic %s Ta %u\n", client_op_text(op), (unsigned)op);
}

static void put_limits(void)
{
    static const struct {
        const char *what;
        unsigned most;
    } limits[] = {{"bytes of a key, at least 1", SCRUBJAY_KEY_MAX},
                  {"bytes of the name of a namespace", SCRUBJAY_NAMESPACE_MAX},
                  {"bytes of a tag, at least 1", SCRUBJAY_TAG_MAX},
                  {"tags of an entry", SCRUBJAY_TAGS_MAX},
                  {"targets of one invalidation", SCRUBJAY_TARGETS_MAX},
                  {"bytes of a token", SCRUBJAY_TOKEN_MAX},
                  {"stamps that a get may be after", SCRUBJAY_AFTER_MAX}};

    for (size_t i = 0; i < ARRAY_LEN(limits); i++)
        printf(".It %u Ta %s\n", limits[i].most, limits[i].what);
}

int main(int argc, char **argv)
{
    static const struct manual_part parts[] = {
        {"@commands@", put_commands}, {"@operations@", put_operations}, {"@limits@", put_limits}};
    return manual_make(argc, argv, parts, ARRAY_LEN(parts));
}
