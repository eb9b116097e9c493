#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/suggest.h"
#include "cli/jay.h"

const struct jay_command JAY_COMMANDS[] = {
    {"ping", "", "ask the node whether it answers", NULL, 0, 0, 0, jay_ping},
    {"get", "KEY [--token]", "print the cached value",
     "Exit status 1 when the key is not cached; --token then prints the token, in hex, that "
     "allows\n"
     "one fill of this key.",
     JAY_SHOW_TOKEN, 1, 1, jay_get},
    {"fill", "KEY VALUE|- [--token HEX] [--ttl TIME] [--tag TAG]...",
     "store what was read from the source",
     "Without --token the key is read first: when it is cached already, nothing is done. With the\n"
     "token of an earlier miss the value is refused when an invalidation came in between.",
     JAY_TOKEN | JAY_TTL | JAY_TAG, 2, 2, jay_fill},
    {"put", "KEY VALUE|- [--ttl TIME] [--tag TAG]...", "write a value, dropping other copies",
     "Every other node drops its copy unless it holds the same value.", JAY_TTL | JAY_TAG, 2, 2,
     jay_put},
    {"invalidate", "KEY... | --tag TAG... | --prefix TEXT | --namespace | --all [--reason TEXT]",
     "drop copies on every node",
     "Prints the stamp that names this invalidation in the whole cluster, and who applied it.",
     JAY_TAG | JAY_PREFIX | JAY_NAMESPACE | JAY_ALL | JAY_REASON, 0, SCRUBJAY_TARGETS_MAX,
     jay_invalidate},
    {"touch", "KEY TIME", "set a new time to live on this node",
     "0 removes it. Exit status 1 when the key is not cached.", 0, 2, 2, jay_touch},
    {"watch", "[--prefix TEXT] [--count N]", "print invalidations of a namespace as they happen",
     NULL, JAY_PREFIX | JAY_COUNT, 0, 0, jay_watch},
    {"members", "[--state STATE]", "list the cluster as this node sees it",
     "STATE is alive, suspect, dead, left or candidate.", JAY_STATE, 0, 0, jay_members},
    {"node", "", "describe this node", NULL, 0, 0, 0, jay_node},
    {"stats", "", "print the counters of this node", NULL, 0, 0, 0, jay_stats},
    {"vectors", "", "print what this node has heard of every origin", NULL, 0, 0, 0, jay_vectors},
    {"keyring", "generate [--label TEXT] | list FILE | check FILE", "make and inspect keys",
     "generate prints one line for a keyring file: the first line seals, all lines open.",
     JAY_LABEL, 1, 2, jay_keyring},
    {"help", "[COMMAND]", "print this, or the help of a command", NULL, 0, 0, 1, jay_help},
};

const size_t JAY_COMMANDS_N = ARRAY_LEN(JAY_COMMANDS);

const struct jay_command *jay_find_command(const char *name)
{
    struct suggest meant = suggest_begin(name);
    for (size_t i = 0; i < ARRAY_LEN(JAY_COMMANDS); i++) {
        if (strcmp(JAY_COMMANDS[i].name, name) == 0)
            return &JAY_COMMANDS[i];
        suggest_offer(&meant, JAY_COMMANDS[i].name);
    }
    if (meant.best != NULL)
        jay_say("unknown command \"%s\": did you mean \"%s\"?", name, meant.best);
    else
        jay_say("unknown command \"%s\"; \"jay help\" lists them all", name);
    return NULL;
}

static void print_overview(void)
{
    printf("usage: jay [OPTION]... COMMAND [ARGUMENT]...\n\ncommands:\n");
    for (size_t i = 0; i < ARRAY_LEN(JAY_COMMANDS); i++)
        printf("  %-11s %s\n", JAY_COMMANDS[i].name, JAY_COMMANDS[i].summary);
    printf("\noptions:\n"
           "  -s, --server HOST:PORT   node to ask (SCRUBJAY_SERVER, else 127.0.0.1:6247)\n"
           "  -n, --ns NAMESPACE       namespace of keys (default: the empty one)\n"
           "  -o, --output table|json  form of the output; --json is -o json\n"
           "      --timeout TIME       longest wait for an answer (default 2s)\n"
           "  -h, --help               this text; jay COMMAND --help tells more\n"
           "      --version            version of jay\n"
           "\n"
           "exit status: 0 ok, 1 negative answer (miss, refused), 2 usage, 3 cannot connect,\n"
           "             4 timeout, 5 not permitted\n");
}

void jay_print_help(const struct jay_command *command)
{
    if (command == NULL) {
        print_overview();
        return;
    }
    printf("usage: jay [OPTION]... %s %s\n\n%s\n", command->name, command->synopsis,
           command->summary);
    if (command->help != NULL)
        printf("\n%s\n", command->help);
}

enum jay_exit jay_help(struct jay *j, const struct jay_args *a)
{
    (void)j;
    const struct jay_command *command = a->words_n > 0 ? jay_find_command(a->words[0]) : NULL;
    if (a->words_n > 0 && command == NULL)
        return JAY_USAGE;
    jay_print_help(command);
    return JAY_OK;
}
