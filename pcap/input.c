#include "pcap/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  BUFFER = 256 * 1024, /* about what a core's own cache holds beside the flows */
  WAIT = 200,          /* ms after which a silent pipe is idle */
};

static bool open_fd(law_input *in, const char *path) {
  in->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
  struct stat about;
  if (in->fd < 0 || fstat(in->fd, &about) != 0) {
    return false;
  }
  if (S_ISDIR(about.st_mode)) {
    errno = EISDIR;
    return false;
  }
  in->waits = !S_ISREG(about.st_mode);
  return true;
}

bool law_input_open(law_input *in, const char *path) {
  memset(in, 0, sizeof *in);
  if (!open_fd(in, path)) {
    law_input_close(in);
    return false;
  }
  in->buffer = malloc(BUFFER);
  in->cap = BUFFER;
  in->at = in->buffer;
  if (in->buffer == NULL) {
    law_input_close(in);
    errno = ENOMEM;
    return false;
  }
  return true;
}

void law_input_memory(law_input *in, law_bytes bytes) {
  memset(in, 0, sizeof *in);
  in->fd = -1;
  in->at = bytes.data;
  in->left = bytes.len;
}

void law_input_close(law_input *in) {
  if (in->fd > STDERR_FILENO) {
    close(in->fd);
  }
  free(in->buffer);
  in->buffer = NULL;
}

/* Puts the bytes in hand to the front of a buffer that has room for |len|. */
static bool make_room(law_input *in, size_t len) {
  if (len > in->cap) {
    size_t cap = len + BUFFER;
    uint8_t *larger = malloc(cap);
    if (larger == NULL) {
      in->state = LAW_INPUT_FAILED;
      in->error = ENOMEM;
      return false;
    }
    memcpy(larger, in->at, in->left);
    free(in->buffer);
    in->buffer = larger;
    in->cap = cap;
  } else {
    memmove(in->buffer, in->at, in->left);
  }
  in->at = in->buffer;
  return true;
}

/* True when a read will not block. */
static bool wait_for_more(law_input *in) {
  struct pollfd wanted = {.fd = in->fd, .events = POLLIN};
  int n = poll(&wanted, 1, WAIT);
  if (n > 0) {
    return true;
  }
  if (n < 0 && errno != EINTR) {
    in->state = LAW_INPUT_FAILED;
    in->error = errno;
  } else {
    in->state = LAW_INPUT_IDLE;
  }
  return false;
}

static bool read_some(law_input *in) {
  if (in->stop) {
    in->state = LAW_INPUT_ENDED;
    return false;
  }
  if (in->waits && !wait_for_more(in)) {
    return false;
  }
  ssize_t n = read(in->fd, in->buffer + in->left, in->cap - in->left);
  if (n > 0) {
    in->left += (size_t)n;
    return true;
  }
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
    in->state = LAW_INPUT_IDLE;
    return false;
  }
  in->state = n < 0 ? LAW_INPUT_FAILED : LAW_INPUT_ENDED;
  in->error = n < 0 ? errno : 0;
  return false;
}

static void use_skip(law_input *in) {
  size_t now = in->skip < in->left ? (size_t)in->skip : in->left;
  in->skip -= now;
  if (now > 0) {
    law_input_pass(in, now);
  }
}

bool law_input_fill(law_input *in, size_t len) {
  in->state = LAW_INPUT_GOES_ON;
  use_skip(in);
  while (in->skip > 0 || in->left < len) {
    if (in->fd < 0 || len > LAW_INPUT_MAX) {
      in->state = LAW_INPUT_ENDED;
      return false;
    }
    if (in->hold) {
      in->state = LAW_INPUT_IDLE;
      return false;
    }
    if (!make_room(in, len) || !read_some(in)) {
      return false;
    }
    use_skip(in);
  }
  return true;
}

void law_input_skip(law_input *in, uint64_t len) {
  in->skip += len;
  use_skip(in);
}
