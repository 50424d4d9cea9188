/* replay.c - feeds a fuzz target every file of the folders named, where there is no libFuzzer. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

/* Bytes of the file at an address with nothing readable behind them; NULL when it cannot be read.
 */
static uint8_t *replay_read(const char *path, size_t *n) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    long length = ftell(file);
    rewind(file);
    uint8_t *bytes = length >= 0 ? malloc((size_t)length + (length == 0)) : NULL;
    if (bytes) *n = fread(bytes, 1, (size_t)length, file);
    fclose(file);
    return bytes;
}

/* How many files were fed; -1 when the folder or one of its files cannot be read. */
static int replay_folder(const char *path) {
    int count = 0;
    struct dirent **entries;
    int n_entries = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < n_entries; i++) {
        char name[4096];
        size_t n = 0;
        snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && count >= 0) {
            uint8_t *bytes = replay_read(name, &n);
            if (bytes) LLVMFuzzerTestOneInput(bytes, n);
            if (!bytes) fprintf(stderr, "%s: cannot be read\n", name);
            count = bytes ? count + 1 : -1;
            free(bytes);
        }
        free(entries[i]);
    }
    if (n_entries >= 0) free(entries);
    return n_entries < 0 ? -1 : count;
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        int count = replay_folder(argv[i]);
        if (count < 1) {
            fprintf(stderr, "%s: no inputs to replay\n", argv[i]);
            return 1;
        }
        printf("%s: %d inputs\n", argv[i], count);
    }
    return 0;
}
