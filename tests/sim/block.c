#include "block.h"

#include <assert.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>

#define PAGE       ((size_t)4096)
#define PAGES      (BLOCK_BYTES / PAGE)
#define BLOCKS_MAX 128
#define LEAN_EVERY 16 /* clearings of which one gives pages back */
/* Of an entry of /proc/self/pagemap: the page is there, or was swapped out. */
#define TOUCHED (3ULL << 62)

static struct {
    uint8_t *at[BLOCKS_MAX];
    uint32_t n;
    uint32_t clears;
    int pagemap; /* descriptor + 1; 0 = not asked for yet */
    pid_t owner; /* whose pages it tells of: a fork must ask for its own */
} blocks;

uint8_t *block_take(void)
{
    if (blocks.n > 0)
        return blocks.at[--blocks.n];
    void *block = mmap(NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert(block != MAP_FAILED);
    return block;
}

static void close_pagemap(void)
{
    if (blocks.pagemap > 0)
        close(blocks.pagemap - 1);
    blocks.pagemap = 0;
}

static void open_pagemap(void)
{
    const pid_t self = getpid();
    if (blocks.owner == self)
        return;
    close_pagemap();
    blocks.owner = self;
    blocks.pagemap = 1 + open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
}

/* Which pages were ever touched? false when the host does not tell. */
static bool read_pages(const uint8_t *block, uint64_t *pages, size_t n)
{
    const off_t at = (off_t)((uintptr_t)block / PAGE * sizeof *pages);
    const ssize_t len = (ssize_t)(n * sizeof *pages);
    open_pagemap();
    return blocks.pagemap > 0 && sysconf(_SC_PAGESIZE) == (long)PAGE &&
           pread(blocks.pagemap - 1, pages, (size_t)len, at) == len;
}

static void give_pages(uint8_t *at, size_t len)
{
    const int failed = madvise(at, len, MADV_DONTNEED);
    assert(failed == 0);
}

/* Is it time to give pages back? The next to need one pays with a fault, so not each time. */
static bool is_lean_time(void)
{
    return blocks.clears++ % LEAN_EVERY == 0;
}

static bool is_zero(const uint8_t *page)
{
    static const uint8_t zero[PAGE];
    return memcmp(page, zero, PAGE) == 0;
}

/* Pages that its last user left alone go back now and then: else a block would slowly come to hold all
 * that any of its users ever needed, and looking through that costs more than the faults. */
static void clear_pages(uint8_t *block, const uint64_t *pages, size_t n)
{
    const bool lean = is_lean_time();
    for (size_t i = 0; i < n; i++) {
        uint8_t *page = block + i * PAGE;
        if ((pages[i] & TOUCHED) == 0)
            continue;
        if (!is_zero(page))
            memset(page, 0, PAGE);
        else if (lean)
            give_pages(page, PAGE);
    }
}

void block_clear(uint8_t *block, size_t used)
{
    static uint64_t pages[PAGES];
    const size_t n = (used + PAGE - 1) / PAGE;
    assert(used <= BLOCK_BYTES);
    if (read_pages(block, pages, n))
        clear_pages(block, pages, n);
    else
        give_pages(block, BLOCK_BYTES);
}

void block_give(uint8_t *block)
{
    if (blocks.n < BLOCKS_MAX)
        blocks.at[blocks.n++] = block;
    else
        munmap(block, BLOCK_BYTES);
}

void blocks_free(void)
{
    while (blocks.n > 0)
        munmap(blocks.at[--blocks.n], BLOCK_BYTES);
    close_pagemap();
    blocks.owner = 0;
}
