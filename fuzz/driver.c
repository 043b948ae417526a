/* Runs a target on files, without an engine: any compiler, any sanitizer.
 *
 *   replay_TARGET FILE|FOLDER...
 *
 * Folders are read in the order of names, not further down. Status 0: all inputs ran; 2: there was
 * nothing to run, or it could not be read. On a crash the input's name is said last. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "targets/input.h"

/* Called by sanitizers after their report. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static const char *current = "";
static unsigned num_run;

static void say_current(void) {
  (void)!write(STDERR_FILENO, "while running ", 14);
  (void)!write(STDERR_FILENO, current, strlen(current));
  (void)!write(STDERR_FILENO, "\n", 1);
}

static void on_signal(int number) {
  say_current();
  (void)signal(number, SIG_DFL);
  (void)raise(number);
}

static void die(const char *path, const char *why) {
  (void)fprintf(stderr, "%s: %s\n", path, why);
  exit(2);
}

static void run_file(const char *path, size_t len) {
  FILE *f = fopen(path, "rb");
  uint8_t *data = malloc(len > 0 ? len : 1);
  if (f == NULL || data == NULL || fread(data, 1, len, f) != len) {
    die(path, "cannot be read");
  }
  (void)fclose(f);
  current = path;
  (void)LLVMFuzzerTestOneInput(data, len);
  free(data);
  num_run++;
}

static void run_path(const char *path, int depth);

static int visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static void run_folder(const char *path) {
  struct dirent **entries;
  int num = scandir(path, &entries, visible, alphasort);
  if (num < 0) {
    die(path, "cannot be read");
  }
  for (int i = 0; i < num; i++) {
    char name[4096];
    (void)snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
    run_path(name, 1);
    free(entries[i]);
  }
  free(entries);
}

static void run_path(const char *path, int depth) {
  struct stat info;
  if (stat(path, &info) != 0) {
    die(path, "is not there");
  }
  if (!S_ISDIR(info.st_mode)) {
    run_file(path, (size_t)info.st_size);
  } else if (depth == 0) {
    run_folder(path);
  }
}

int main(int argc, char **argv) {
  (void)signal(SIGABRT, on_signal);
  if (__sanitizer_set_death_callback != NULL) {
    __sanitizer_set_death_callback(say_current);
  }
  for (int i = 1; i < argc; i++) {
    run_path(argv[i], 0);
  }
  if (num_run == 0) {
    die(argc > 1 ? argv[1] : "no input", "holds nothing to run");
  }
  (void)printf("%u inputs\n", num_run);
  return 0;
}
