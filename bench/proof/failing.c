/* Lets system calls on the files of a journal fail: loaded with LD_PRELOAD, ordered by calling `fail_from`. The call
 * with the number `at` returns `error`, and so does every later one if it lasts; `calls` tells how many there were. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int first, number, lasts, seen;

void fail_from(int at, int error, int is_lasting) {
    first = at;
    number = error;
    lasts = is_lasting;
    seen = 0;
}

int calls(void) { return seen; }

static int is_failing(int handle) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    if (!strstr(path, "/journal.sqlite3"))
        return 0;
    seen++;
    if (!first || seen < first || (seen > first && !lasts))
        return 0;
    errno = number;
    return 1;
}

#define REAL(name, type)                                                                                               \
    static type real;                                                                                                  \
    if (!real)                                                                                                         \
        *(void **)&real = dlsym(RTLD_NEXT, name);

ssize_t pwrite64(int handle, const void *bytes, size_t count, off64_t at) {
    typedef ssize_t (*call)(int, const void *, size_t, off64_t);
    REAL("pwrite64", call)
    return is_failing(handle) ? -1 : real(handle, bytes, count, at);
}

int ftruncate64(int handle, off64_t length) {
    typedef int (*call)(int, off64_t);
    REAL("ftruncate64", call)
    return is_failing(handle) ? -1 : real(handle, length);
}

int fdatasync(int handle) {
    typedef int (*call)(int);
    REAL("fdatasync", call)
    return is_failing(handle) ? -1 : real(handle);
}

int fsync(int handle) {
    typedef int (*call)(int);
    REAL("fsync", call)
    return is_failing(handle) ? -1 : real(handle);
}
