/* arena.c - blocks in a list; large ones are mappings of their own. */
#include "base/arena.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ARENA_ALIGN = 64, ARENA_SMALL = 64 * 1024, ARENA_LARGE = 1024 * 1024 };

/* A block's header takes one alignment unit, its data follow. */
typedef struct pal_arena_block {
    struct pal_arena_block *next;
    size_t capacity, used; /* bytes of data */
    bool is_mapped;
} pal_arena_block;

_Static_assert(sizeof(pal_arena_block) <= ARENA_ALIGN, "the header must fit before the data");

static pal_arena_block *arena_block_new(size_t capacity) {
    size_t total = capacity + ARENA_ALIGN;
    bool is_mapped = capacity >= ARENA_LARGE;
    void *memory;
    if (is_mapped) {
        memory = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return NULL;
#ifdef MADV_HUGEPAGE
        (void)madvise(memory, total, MADV_HUGEPAGE);
#endif
    } else {
        memory = aligned_alloc(ARENA_ALIGN, total);
        if (!memory) return NULL;
    }
    pal_arena_block *block = memory;
    *block = (pal_arena_block){.capacity = capacity, .is_mapped = is_mapped};
    return block;
}

static void arena_block_free(pal_arena_block *block) {
    if (block->is_mapped) {
        munmap(block, block->capacity + ARENA_ALIGN);
    } else {
        free(block);
    }
}

void *pal_arena_alloc(pal_arena *arena, int64_t count, size_t size) {
    size_t bytes;
    if (count < 0 || __builtin_mul_overflow((size_t)count, size, &bytes)) return NULL;
    if (bytes > SIZE_MAX / 4) return NULL;
    bytes = (bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    if (bytes == 0) bytes = ARENA_ALIGN;

    pal_arena_block *block = arena->blocks;
    if (!block || block->capacity - block->used < bytes) {
        block = arena_block_new(bytes > ARENA_SMALL ? bytes : ARENA_SMALL);
        if (!block) return NULL;
        /* A block of its own for one large array goes behind the current one, which still has room.
         */
        if (arena->blocks && bytes > ARENA_SMALL) {
            block->next = arena->blocks->next;
            arena->blocks->next = block;
        } else {
            block->next = arena->blocks;
            arena->blocks = block;
        }
    }
    char *data = (char *)block + ARENA_ALIGN + block->used;
    block->used += bytes;
    arena->used_bytes += bytes;
    if (arena->used_bytes > arena->peak_bytes) arena->peak_bytes = arena->used_bytes;
    /* Fresh mappings are zero already; touching them here would also take memory that may never be
     * used. */
    if (!block->is_mapped) memset(data, 0, bytes);
    return data;
}

char *pal_arena_text(pal_arena *arena, const char *text, size_t length) {
    char *copy = pal_arena_alloc(arena, (int64_t)length + 1, 1);
    if (!copy) return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void pal_arena_reset(pal_arena *arena) {
    pal_arena_block *kept = NULL;
    for (pal_arena_block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        if (!kept && !block->is_mapped) {
            kept = block;
            kept->used = 0;
        } else {
            arena_block_free(block);
        }
    }
    if (kept) kept->next = NULL;
    arena->blocks = kept;
    arena->used_bytes = 0;
}

void pal_arena_release(pal_arena *arena) {
    for (pal_arena_block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        arena_block_free(block);
    }
    *arena = (pal_arena){0};
}

void pal_arena_adopt(pal_arena *to, pal_arena *from) {
    if (from->blocks) {
        pal_arena_block *last = from->blocks;
        while (last->next) last = last->next;
        last->next = to->blocks;
        to->blocks = from->blocks;
        to->used_bytes += from->used_bytes;
        if (to->used_bytes > to->peak_bytes) to->peak_bytes = to->used_bytes;
    }
    *from = (pal_arena){0};
}
