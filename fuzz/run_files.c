/*
 * A fuzz target without libFuzzer: runs it once for each file named, and for each file in each
 * folder named. So every seed is a regression test with any compiler. The name of an input is told
 * before it runs when it is the one that kills us: see the last line of the output.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "input.h"

#define FILE_BYTES_MAX 65536

static unsigned runs;

static bool run_file(const char *path)
{
    static uint8_t bytes[FILE_BYTES_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return false;
    }
    size_t len = fread(bytes, 1, sizeof(bytes), file);
    bool whole = feof(file) != 0 && ferror(file) == 0;
    fclose(file);
    if (!whole) {
        fprintf(stderr, "%s: cannot be read, or has more than %d bytes\n", path, FILE_BYTES_MAX);
        return false;
    }
    printf("%s\n", path);
    fflush(stdout);
    bc_view copy = fuzz_copy((bc_view){bytes, len});
    LLVMFuzzerTestOneInput(copy.ptr, copy.len);
    fuzz_free(copy);
    runs++;
    return true;
}

static bool run_folder(const char *path)
{
    struct dirent **names = NULL;
    int count = scandir(path, &names, NULL, alphasort);
    if (count < 0) {
        perror(path);
        return false;
    }
    bool good = true;
    for (int i = 0; i < count; i++) {
        char name[PATH_MAX];
        snprintf(name, sizeof(name), "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            good = run_file(name) && good;
        free(names[i]);
    }
    free(names);
    return good;
}

int main(int argc, char **argv)
{
    bool good = true;
    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE|FOLDER...\n", argv[0]);
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        struct stat status;
        bool folder = stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode);
        good = (folder ? run_folder(argv[i]) : run_file(argv[i])) && good;
    }
    if (runs == 0)
        fprintf(stderr, "%s: no input found; name files, or folders that have some\n", argv[0]);
    printf("%u inputs\n", runs);
    return good && runs > 0 ? 0 : 1;
}
