/**
 * tests/unit/plain_main.c - runs Criterion tests, each in a fork, without Criterion's own runner.
 *
 * Criterion's sandbox maps memory where ThreadSanitizer allows none, and so cannot start under it.
 * What tests call from libcriterion to start, end and fail is defined here instead; the rest of the
 * library (its macros' message formatting) is used as it is.
 */
#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/wait.h>

#define TIMEOUT_S 120

/* Criterion's Test() leaves a pointer to each test in this section; the linker names its ends. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
extern struct criterion_test *__start_cr_tst[], *__stop_cr_tst[];
extern struct criterion_suite *__start_cr_sts[] __attribute__((weak));
extern struct criterion_suite *__stop_cr_sts[] __attribute__((weak));
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static const struct criterion_test *current;
static bool failed;

static const struct criterion_test_extra_data *suite_of(const struct criterion_test *test)
{
    static const struct criterion_test_extra_data none;
    for (struct criterion_suite **s = __start_cr_sts; s != __stop_cr_sts; s++) {
        if (*s != NULL && strcmp((*s)->name, test->category) == 0)
            return (*s)->data;
    }
    return &none;
}

void criterion_internal_test_setup(void)
{
    if (suite_of(current)->init != NULL)
        suite_of(current)->init();
    if (current->data->init != NULL)
        current->data->init();
}

void criterion_internal_test_main(void (*run)(void))
{
    run();
}

void criterion_internal_test_teardown(void)
{
    if (current->data->fini != NULL)
        current->data->fini();
    if (suite_of(current)->fini != NULL)
        suite_of(current)->fini();
}

void criterion_send_assert(struct criterion_assert_stats *stats)
{
    fprintf(stderr, "%s:%u: Assertion Failed: %s\n", stats->file, stats->line, stats->message);
}

void cr_log(enum criterion_severity severity, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (severity >= CR_LOG_WARNING)
        vfprintf(stderr, format, args);
    va_end(args);
}

void criterion_abort_test(void)
{
    _exit(99);
}

void criterion_continue_test(void)
{
    failed = true;
}

static _Noreturn void run_here(void)
{
    alarm(TIMEOUT_S);
    current->test();
    exit(failed ? 99 : 0);
}

static bool ends_as_told(const struct criterion_test *test, int status)
{
    const struct criterion_test_extra_data *suite = suite_of(test);
    const int told = test->data->signal != 0 ? test->data->signal : suite->signal;
    if (told != 0)
        return WIFSIGNALED(status) && WTERMSIG(status) == told;
    return WIFEXITED(status) && WEXITSTATUS(status) == test->data->exit_code;
}

static bool passes(const struct criterion_test *test)
{
    int status = -1;
    fflush(NULL);
    current = test;
    const pid_t child = fork();
    if (child == 0)
        run_here();
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    if (ends_as_told(test, status))
        return true;
    fprintf(stderr, "[FAIL] %s::%s (wait status 0x%x)\n", test->category, test->name,
            (unsigned)status);
    return false;
}

int main(void)
{
    unsigned tested = 0, passed = 0;
    for (struct criterion_test **t = __start_cr_tst; t != __stop_cr_tst; t++) {
        if (*t == NULL || (*t)->data->disabled)
            continue;
        tested++;
        passed += passes(*t);
    }
    fprintf(stderr, "[====] Synthesis: Tested: %u | Passing: %u | Failing: %u | Crashing: 0\n",
            tested, passed, tested - passed);
    return passed == tested ? 0 : 1;
}
