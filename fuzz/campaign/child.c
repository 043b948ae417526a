#include "campaign/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS = 64, WORD = 1024, TAIL = 65536 };

/* |word| with its "{port}" replaced, in |out|. */
static void fill(const char *word, uint16_t port, char *out) {
  const char *at = strstr(word, "{port}");
  if (at == NULL) {
    (void)snprintf(out, WORD, "%s", word);
  } else {
    (void)snprintf(out, WORD, "%.*s%u%s", (int)(at - word), word, (unsigned)port, at + 6);
  }
}

static int open_or_null(const char *path) {
  return open(path != NULL ? path : "/dev/null", O_RDONLY | O_CLOEXEC);
}

static void become(char **argv, int in, int out, pid_t parent) {
  (void)setpgid(0, 0);
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() == parent && dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(out, 2) == 2) {
    (void)execvp(argv[0], argv);
  }
  _exit(127);
}

bool law_child_start(law_child *c, char *const *argv, uint16_t port, const char *log,
                     const char *script) {
  static char words[WORDS][WORD];
  char *filled[WORDS + 1];
  size_t num = 0;
  for (; argv[num] != NULL && num < WORDS; num++) {
    fill(argv[num], port, words[num]);
    filled[num] = words[num];
  }
  filled[num] = NULL;
  int in = open_or_null(script);
  int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  pid_t parent = getpid(), pid = in >= 0 && out >= 0 ? fork() : -1;
  if (pid == 0) {
    become(filled, in, out, parent);
  }
  int why = errno;
  (void)(in >= 0 && close(in));
  (void)(out >= 0 && close(out));
  errno = why;
  *c = (law_child){.pid = pid > 0 ? pid : 0};
  return pid > 0;
}

bool law_child_poll(law_child *c) {
  if (c->pid > 0 && !c->ended && waitpid(c->pid, &c->status, WNOHANG) == c->pid) {
    c->ended = true;
  }
  return c->pid == 0 || c->ended;
}

void law_child_kill(law_child *c) {
  if (c->pid > 0) {
    (void)kill(-c->pid, SIGKILL);
    if (!c->ended) {
      (void)waitpid(c->pid, &c->status, 0);
    }
  }
  c->pid = 0;
}

static bool says(const char *log) {
  static const char *const words[] = {"Sanitizer", "runtime error: ", "\npanic: ", "Traceback (most",
                                      "Uncaught ", "throw er;", "panicked at", "Exception in thread"};
  static char tail[TAIL + 1];
  FILE *f = fopen(log, "re");
  bool found = false;
  if (f == NULL) {
    return false;
  }
  tail[fread(tail, 1, TAIL, f)] = '\0';
  (void)fclose(f);
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    found = found || strstr(tail, words[i]) != NULL;
  }
  return found;
}

bool law_child_crashed(const law_child *c, const char *log) {
  if (!c->ended) {
    return false;
  }
  if (WIFSIGNALED(c->status)) {
    int number = WTERMSIG(c->status);
    return number != SIGKILL && number != SIGTERM && number != SIGPIPE;
  }
  return WEXITSTATUS(c->status) != 0 && says(log);
}
