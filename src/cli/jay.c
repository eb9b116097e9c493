/** cli/jay.c - the command line client: parse, run one command, tell how it ended. */

#include "cli/jay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/secret.h"

#define DEFAULT_SERVER     "127.0.0.1:6247"
#define DEFAULT_TIMEOUT_MS 2000

/** A descriptor of the standard three that is closed would become the connection, and messages would
 *  be sent to the node. Reading from its stand-in gives nothing, writing to it fails. */
static void keep_standard_files(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDONLY);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

static struct jay standard_settings(void)
{
    const char *server = getenv("SCRUBJAY_SERVER");
    const char *key = getenv("SCRUBJAY_CLIENT_KEY");
    const char *no_colour = getenv("NO_COLOR");
    const bool colour = isatty(STDOUT_FILENO) && (no_colour == NULL || no_colour[0] == '\0');
    return (struct jay){.server = server != NULL && server[0] != '\0' ? server : DEFAULT_SERVER,
                        .client_key = key != NULL && key[0] != '\0' ? key : NULL,
                        .ns = "",
                        .timeout_ms = DEFAULT_TIMEOUT_MS,
                        .colour = colour};
}

/** Does it ask no node? Then the key of whoever would ask need not be there. */
static bool is_local(const struct jay_command *command, const struct jay_args *args)
{
    return command->run == jay_client || command->run == jay_help ||
           command->run == jay_completion || (command->run == jay_keyring && !args->live);
}

static enum jay_exit run_connected(struct jay *j, const struct jay_command *command,
                                   const struct jay_args *args)
{
    struct jay local = *j;
    if (is_local(command, args))
        local.client_key = NULL;
    const enum jay_exit made = jay_client_of(&local, j->server, &j->client);
    if (made != JAY_OK)
        return made;
    const enum jay_exit status = command->run(j, args);
    scrubjay_free(j->client);
    return status;
}

static enum jay_exit run(int argc, char **argv)
{
    struct jay j = standard_settings();
    static struct jay_args args;
    int at = 0;
    enum jay_exit status = jay_parse_globals(&j, argc, argv, &at);
    if (status != JAY_OK || j.done)
        return status;
    if (at == argc)
        return jay_usage("no command; \"jay help\" lists them all");
    const struct jay_command *command = jay_find_command(argv[at]);
    if (command == NULL)
        return JAY_USAGE;
    status = jay_parse_command(&j, command, argc - at, argv + at, &args);
    return status != JAY_OK || j.done ? status : run_connected(&j, command, &args);
}

/** Output that could not be written is a failure, however well the command went. */
static enum jay_exit flush_output(enum jay_exit status)
{
    const bool failed = ferror(stdout) != 0;
    if (fclose(stdout) == 0 && !failed)
        return status;
    jay_say("cannot write to standard output: %s", strerror(errno));
    return status != JAY_OK ? status : JAY_NEGATIVE;
}

int main(int argc, char **argv)
{
    keep_standard_files();
    return (int)flush_output(run(argc, argv));
}
