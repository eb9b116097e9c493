#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "cli/jay.h"
#include "cli/options.h"

/* Each script is made out of the tables of commands and options, so that it knows what jay knows. */

/** Words that a command takes beside its options; what is not listed is a key, a stamp, a file. */
static const struct {
    const char *command;
    const char *words;
} WORDS[] = {{"keyring", "generate list check"},
             {"client", "generate list check"},
             {"completion", "bash zsh fish"}};

/** Values that an option takes. */
static const struct {
    const char *option;
    const char *values;
} VALUES[] = {{"output", "table json"},
              {"color", "auto always never"},
              {"state", "alive suspect dead left candidate"},
              {"ack", "local quorum all fenced"},
              {"can", "read write invalidate admin"}};

static const char *words_of(const char *command)
{
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        if (strcmp(WORDS[i].command, command) == 0)
            return WORDS[i].words;
    }
    return "";
}

static const char *values_of(const char *option)
{
    for (size_t i = 0; i < ARRAY_LEN(VALUES); i++) {
        if (strcmp(VALUES[i].option, option) == 0)
            return VALUES[i].values;
    }
    return NULL;
}

static void print_names(void)
{
    for (size_t i = 0; i < JAY_COMMANDS_N; i++)
        printf("%s%s", i > 0 ? " " : "", JAY_COMMANDS[i].name);
}

static void print_globals(void)
{
    struct jay_option_view o;
    for (size_t i = 0; jay_option_global(i, &o); i++) {
        if (o.letter != 0)
            printf("-%c ", o.letter);
        printf("--%s ", o.name);
    }
}

static void print_own(const struct jay_command *command)
{
    struct jay_option_view o;
    for (size_t i = 0; jay_option_own(command, i, &o); i++)
        printf("--%s ", o.name);
}

/** Options that take a value, as the pattern of a case: what follows them is no command. */
static void print_takers(void)
{
    struct jay_option_view o;
    const char *bar = "";
    for (size_t i = 0; jay_option_global(i, &o); i++) {
        if (!o.has_value)
            continue;
        printf("%s--%s", bar, o.name);
        if (o.letter != 0)
            printf("|-%c", o.letter);
        bar = "|";
    }
}

/* ---- bash and zsh: two shells, one language for what is printed here ---- */

/** One line for each command: its words and options. */
static void print_cases(void)
{
    for (size_t i = 0; i < JAY_COMMANDS_N; i++) {
        const struct jay_command *command = &JAY_COMMANDS[i];
        printf("    %s) choice=\"%s", command->name, words_of(command->name));
        if (strcmp(command->name, "help") == 0)
            print_names();
        printf(" ");
        print_own(command);
        printf("\" ;;\n");
    }
}

static void print_value_cases(void)
{
    for (size_t i = 0; i < ARRAY_LEN(VALUES); i++)
        printf("    %s--%s) choice=\"%s\" ;;\n",
               strcmp(VALUES[i].option, "output") == 0 ? "-o|" : "", VALUES[i].option,
               VALUES[i].values);
}

/** Sets `choice` from the words before and the one at hand. `before` is an array, `last` its last word. */
static void print_choice(void)
{
    printf("  local command=\"\" skip=\"\" word\n"
           "  for word in \"${before[@]}\"; do\n"
           "    if [ -n \"$skip\" ]; then skip=\"\"; continue; fi\n"
           "    case $word in\n    ");
    print_takers();
    printf(") [ -n \"$command\" ] || skip=1 ;;\n"
           "    -*) ;;\n"
           "    *) [ -n \"$command\" ] || command=$word ;;\n"
           "    esac\n"
           "  done\n"
           "  local choice=\"\" globals=\"");
    print_globals();
    printf("\"\n"
           "  case $command in\n"
           "    \"\") choice=\"");
    print_names();
    printf("\" ;;\n");
    print_cases();
    printf("  esac\n"
           "  choice=\"$choice $globals\"\n"
           "  case $last in\n");
    print_value_cases();
    printf("  esac\n");
}

static void print_bash(void)
{
    printf("# bash completion of jay, made by \"jay completion bash\"\n"
           "_jay()\n{\n"
           "  local before=(\"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\n"
           "  local last=${COMP_WORDS[COMP_CWORD-1]}\n");
    print_choice();
    printf("  mapfile -t COMPREPLY < <(compgen -W \"$choice\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
           "}\n"
           "complete -o default -F _jay jay\n");
}

static void print_zsh(void)
{
    printf("#compdef jay\n"
           "# zsh completion of jay, made by \"jay completion zsh\"\n"
           "_jay()\n{\n"
           "  local -a before=(\"${(@)words[2,CURRENT-1]}\")\n"
           "  local last=${words[CURRENT-1]}\n"
           "  _jay_choose\n"
           "}\n"
           "_jay_choose()\n{\n");
    print_choice();
    printf("  compadd -- ${=choice} || _files\n"
           "}\n"
           "if [ \"$funcstack[1]\" = _jay ]; then _jay \"$@\"; else compdef _jay jay; fi\n");
}

/* ---- fish ---- */

static void print_fish_option(const struct jay_option_view *o, const char *when)
{
    const char *values = values_of(o->name);
    printf("complete -c jay %s", when);
    if (o->letter != 0)
        printf(" -s %c", o->letter);
    printf(" -l %s", o->name);
    if (o->has_value)
        printf(" -r");
    if (values != NULL)
        printf(" -f -a '%s'", values);
    printf("\n");
}

/** As one word of fish: within these quotes only the quote and the backslash mean anything. */
static void print_quoted(const char *text)
{
    printf("'");
    for (; *text != '\0'; text++)
        printf("%s%c", *text == '\'' || *text == '\\' ? "\\" : "", *text);
    printf("'");
}

static void print_fish_command(const struct jay_command *command)
{
    struct jay_option_view o;
    char when[64];
    printf("complete -c jay -n __fish_use_subcommand -f -a %s -d ", command->name);
    print_quoted(command->summary);
    printf("\n");
    snprintf(when, sizeof when, "-n '__fish_seen_subcommand_from %s'", command->name);
    if (words_of(command->name)[0] != '\0')
        printf("complete -c jay %s -f -a '%s'\n", when, words_of(command->name));
    for (size_t i = 0; jay_option_own(command, i, &o); i++)
        print_fish_option(&o, when);
}

static void print_fish(void)
{
    struct jay_option_view o;
    printf("# fish completion of jay, made by \"jay completion fish\"\n");
    for (size_t i = 0; jay_option_global(i, &o); i++)
        print_fish_option(&o, "");
    for (size_t i = 0; i < JAY_COMMANDS_N; i++)
        print_fish_command(&JAY_COMMANDS[i]);
}

enum jay_exit jay_completion(struct jay *j, const struct jay_args *a)
{
    const char *shell = a->words[0];
    (void)j;
    if (strcmp(shell, "bash") == 0)
        print_bash();
    else if (strcmp(shell, "zsh") == 0)
        print_zsh();
    else if (strcmp(shell, "fish") == 0)
        print_fish();
    else
        return jay_usage("\"%s\" is no shell that is known here: bash, zsh and fish are", shell);
    return JAY_OK;
}
