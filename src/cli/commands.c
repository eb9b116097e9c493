#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/suggest.h"
#include "cli/jay.h"

#define STORE_OPTIONS (JAY_TTL | JAY_FRESH | JAY_TAG | JAY_SOURCE_VERSION)
#define ACK_OPTIONS   (JAY_ACK | JAY_ACK_TIMEOUT)

#define STORE_HELP                                                                                 \
    "  --ttl TIME      drop the value after this time (default: as its namespace, or never)\n"     \
    "  --fresh TIME    call the value out of date after this time (default: never)\n"              \
    "  --tag TAG       a tag to invalidate it by; up to 16\n"                                      \
    "  --version N     of the source: an older one never takes a newer one's place"
#define LEVEL_HELP                                                                                 \
    "  --ack LEVEL     wait for: local, a number of other nodes, quorum, all, fenced (default:\n"  \
    "                  as its namespace, or local). Exit status 1 when too few applied it in\n"    \
    "                  time; it stays in force"
#define ACK_HELP                                                                                   \
    LEVEL_HELP                                                                                     \
    "\n"                                                                                           \
    "  --ack-timeout TIME  how long to wait for it (default 1s, at most 1m), on top of\n"          \
    "                  --timeout"

const struct jay_command JAY_COMMANDS[] = {
    {"ping", "", "ask the node whether it answers", NULL, 0, 0, 0, jay_ping},
    {"get", "KEY [--after STAMP]... [--stale] [--wait TIME] [--within TIME] [--token]",
     "print the cached value",
     "Exit status 1 when there is no value to print.\n"
     "  --after STAMP   not older than this invalidation; up to 8 of them\n"
     "  --stale         a value that is out of date is welcome\n"
     "  --wait TIME     wait so long, at most 1m, while somebody else loads the key (default: "
     "0ms)\n"
     "  --within TIME   not older than this, at most 1h, as a majority of nodes can show "
     "(default:\n"
     "                  as its namespace, or of any age)\n"
     "  --token         print the token of a miss, in hex: it allows one fill of this key",
     JAY_SHOW_TOKEN | JAY_AFTER | JAY_STALE | JAY_WAIT | JAY_WITHIN, 1, 1, jay_get},
    {"fill", "KEY VALUE|- [--token HEX] [--ttl TIME] [--fresh TIME] [--tag TAG]... [--version N]",
     "store what was read from the source",
     "Without --token the key is read first: when it is cached already, nothing is done.\n"
     "  --token HEX     of an earlier miss: refused when an invalidation came in "
     "between\n" STORE_HELP,
     JAY_TOKEN | STORE_OPTIONS, 2, 2, jay_fill},
    {"put",
     "KEY VALUE|- [--ttl TIME] [--fresh TIME] [--tag TAG]... [--version N] [--token HEX]\n"
     "                [--txn TXN] [--ack LEVEL] [--ack-timeout TIME]",
     "write a value, dropping other copies",
     "Every other node drops its copy, in any case, unless it holds the same value.\n" STORE_HELP
     "\n"
     "  --token HEX     of an earlier miss: stored here only if it may still fill\n"
     "  --txn TXN       commit what \"jay begin\" began of this key, and store its value with "
     "it\n" ACK_HELP,
     STORE_OPTIONS | JAY_TOKEN | JAY_TXN | ACK_OPTIONS, 2, 2, jay_put},
    {"invalidate",
     "KEY... | --tag TAG... | --tags-all TAG,TAG... | --prefix TEXT | --namespace | --all\n"
     "                [--soft] [--version N] [--ack LEVEL] [--ack-timeout TIME] [--reason TEXT]\n"
     "                [--dry-run]",
     "drop copies on every node",
     "Prints the stamp that names this invalidation in the whole cluster, and who applied it.\n"
     "  --tag TAG       entries that carry this tag\n"
     "  --tags-all TAG,TAG  entries that carry every one of these, 2 to 16\n"
     "  --prefix TEXT   keys that begin so\n"
     "  --namespace     everything in the namespace\n"
     "  --all           everything in every namespace\n"
     "  --soft          mark as out of date instead of dropping; not with --prefix, --tags-all\n"
     "  --version N     with keys: copies of version N or newer stay\n"
     "  --reason TEXT   for the logs of all nodes; at most 255 bytes\n"
     "  --dry-run       only count what this node would drop\n" ACK_HELP,
     JAY_TAG | JAY_TAGS_ALL | JAY_PREFIX | JAY_NAMESPACE | JAY_ALL | JAY_REASON | JAY_SOFT |
         JAY_SOURCE_VERSION | JAY_DRY_RUN | ACK_OPTIONS,
     0, SCRUBJAY_TARGETS_MAX, jay_invalidate},
    {"trace", "STAMP", "tell how late each node applied an invalidation",
     "LATE is how long after it was issued it took effect there, give or take what follows; WAIT\n"
     "the time from hearing that it exists to its effect, on that node's own clock; ACKED the "
     "time\n"
     "until the issuer knew, told by the issuer alone. Exit status 1 unless every node has it.",
     0, 1, 1, jay_trace},
    {"begin", "KEY... [--hold TIME] [--ack LEVEL]", "hold back fills while the source changes",
     "Drops the keys on every node and refuses their fills until commit, abort, or the end of the\n"
     "hold. Prints the txn, and for each key a token: commit, or put what was written, with both.\n"
     "  --hold TIME     how long, when neither comes (default 10s, at most 10m)\n" LEVEL_HELP,
     JAY_HOLD | JAY_ACK, 1, SCRUBJAY_TARGETS_MAX, jay_begin},
    {"commit", "TXN [--ack LEVEL] [--ack-timeout TIME]",
     "drop what was begun once more, let fills in", ACK_HELP, ACK_OPTIONS, 1, 1, jay_commit},
    {"abort", "TXN", "let fills of what was begun in again", NULL, 0, 1, 1, jay_abort},
    {"touch", "KEY TIME", "set a new time to live on this node",
     "0 removes it. Exit status 1 when the key is not cached.", 0, 2, 2, jay_touch},
    {"watch", "[--prefix TEXT] [--count N] [--no-reconnect]",
     "print invalidations of a namespace as they happen",
     "Scope, target and stamp of each; with -o json a document on a line. When events were lost,\n"
     "everything may have changed: that is a line of scope \"all\" without a stamp.\n"
     "  --prefix TEXT    only what may concern keys that begin so\n"
     "  --count N        end after so many invalidations (default: go on)\n"
     "  --no-reconnect   end, with status 3, when the connection breaks",
     JAY_PREFIX | JAY_COUNT | JAY_NO_RECONNECT, 0, 0, jay_watch},
    {"members", "[--state STATE] [--watch [--interval TIME] [--count N]]",
     "list the cluster as this node sees it",
     "  --state STATE    only those that are alive, suspect, dead, left or candidate\n"
     "  --watch          go on: drawn again on a terminal, else once for each change\n"
     "  --interval TIME  ask so often (default 1s)\n"
     "  --count N        end after so many changes (default: go on)",
     JAY_STATE | JAY_WATCH | JAY_INTERVAL | JAY_COUNT, 0, 0, jay_members},
    {"top", "[--interval TIME] [--count N]", "show how this node does, again and again",
     "On a terminal until q or Ctrl-C; else a line for each interval, with -o json a document.\n"
     "  --interval TIME  how often (default 1s)\n"
     "  --count N        end after so many times (default: go on)",
     JAY_INTERVAL | JAY_COUNT, 0, 0, jay_top},
    {"node", "", "describe this node", NULL, 0, 0, 0, jay_node},
    {"stats", "", "print the counters of this node", NULL, 0, 0, 0, jay_stats},
    {"namespaces", "", "print the counters of every namespace", NULL, 0, 0, 0, jay_namespaces},
    {"vectors", "", "print what this node has heard of every origin", NULL, 0, 0, 0, jay_vectors},
    {"matrix", "", "ask every member what it has of every other's invalidations",
     "A row for each member, a column for each origin: how far the member is behind the newest\n"
     "invalidation of it that anybody has heard of; 0 is all of it, - is what it did not say. "
     "AFTER\n"
     "is how long its answer took, LACKS the sum of its row. Runs that ended have a number for a\n"
     "name. Exit status 1 unless every member says that it has everything.",
     0, 0, 0, jay_matrix},
    {"doctor", "", "tell what is wrong with the cluster, and what to do",
     "Asks this node, and every other that serves clients on the same port, twice within a "
     "second.\n"
     "Exit status 1 when something is wrong; notes alone are none.",
     0, 0, 0, jay_doctor},
    {"keyring", "generate [--label TEXT] | list FILE | check FILE [--live]",
     "make and inspect keys",
     "generate prints one line for a keyring file: the first line seals, all lines open.\n"
     "  --label TEXT  its name in logs (default: key- and eight hex digits)\n"
     "  --live        compare the file with the keys, by their ids alone, that the node has now,\n"
     "                and tell which steps of a rotation it refuses for now, and why",
     JAY_LABEL | JAY_LIVE, 1, 2, jay_keyring},
    {"client", "generate --id ID --can CAPABILITIES | list FILE | check FILE",
     "make and inspect clients' keys",
     "generate prints one line for the clients file of the nodes, and the same line is what the\n"
     "client is given: jay --client-key FILE.\n"
     "  --id ID             who it is: 1 to 32 of A-Z, a-z, 0-9, \".\", \"_\", \"-\"\n"
     "  --can CAPABILITIES  some of read, write, invalidate and admin, with commas between them",
     JAY_ID | JAY_CAN, 1, 2, jay_client},
    {"completion", "bash|zsh|fish", "print what makes a shell complete the words of jay",
     "  bash   jay completion bash >/etc/bash_completion.d/jay\n"
     "  zsh    jay completion zsh >/usr/share/zsh/vendor-completions/_jay\n"
     "  fish   jay completion fish >/etc/fish/completions/jay.fish",
     0, 1, 1, jay_completion},
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
    printf(
        "\noptions:\n"
        "  -s, --server HOST:PORT   node to ask (SCRUBJAY_SERVER, else 127.0.0.1:6247)\n"
        "  -n, --ns NAMESPACE       namespace of keys (default: the empty one)\n"
        "  -o, --output table|json  form of the output; --json is -o json\n"
        "      --client-key FILE    id and key to log in with (SCRUBJAY_CLIENT_KEY)\n"
        "      --timeout TIME       longest wait for an answer (default 2s)\n"
        "      --color WHEN         auto (default: on a terminal without NO_COLOR), always, never\n"
        "  -h, --help               this text; jay COMMAND --help tells more\n"
        "      --version            version of jay\n"
        "\n"
        "exit status: 0 ok, 1 negative answer (miss, refused, too few acknowledgements),\n"
        "             2 usage, 3 cannot connect, 4 timeout, 5 not permitted\n");
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
