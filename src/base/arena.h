/* arena.h - memory that is freed all at once.
 *
 * A long-lived object keeps its arrays in one arena; scratch comes from another that is reset. An
 * arena belongs to one thread. Blocks of 1 MB and more get a mapping of their own, so a reset gives
 * them back to the system. */
#ifndef PAL_BASE_ARENA_H
#define PAL_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

typedef struct pal_arena {
    struct pal_arena_block *blocks; /* newest first */
    size_t used_bytes;              /* handed out since the last reset */
    size_t peak_bytes;              /* largest used_bytes ever */
} pal_arena;                        /* zero is an empty arena */

/* `count` elements of `size` bytes, zeroed, aligned to 64 bytes; NULL when memory or the range of
 * size_t does not suffice. A count of 0 gives a valid pointer. */
void *pal_arena_alloc(pal_arena *arena, int64_t count, size_t size);
#define PAL_ARENA_ARRAY(arena, type, count)                                                        \
    ((type *)pal_arena_alloc((arena), (int64_t)(count), sizeof(type)))

char *pal_arena_text(pal_arena *arena, const char *text,
                     size_t length); /* a copy with a NUL; NULL without memory */

void pal_arena_reset(pal_arena *arena); /* all blocks are void; small ones may be kept for reuse */
void pal_arena_release(pal_arena *arena); /* back to zero */

/* Moves all blocks of `from` into `to`; pointers stay valid. */
void pal_arena_adopt(pal_arena *to, pal_arena *from);

#endif
