#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "campaign/run.h"

static void each_line(law_commands *in, void (*each)(void *, const char *), void *user) {
  char *end;
  while ((end = memchr(in->line, '\n', in->len)) != NULL) {
    size_t used = (size_t)(end - in->line) + 1;
    *end = '\0';
    each(user, in->line);
    in->len -= used;
    memmove(in->line, in->line + used, in->len);
  }
}

bool law_commands_poll(law_commands *in, void (*each)(void *user, const char *line), void *user) {
  struct pollfd p = {.fd = in->fd, .events = POLLIN};
  while (poll(&p, 1, 0) > 0) {
    ssize_t len = read(in->fd, in->line + in->len, sizeof in->line - in->len);
    if (len <= 0) {
      return false;
    }
    in->len += (size_t)len;
    each_line(in, each, user);
    in->len = in->len < sizeof in->line ? in->len : 0; /* nobody sends such lines */
  }
  return true;
}

law_endpoint law_options_endpoint(const law_options *o) {
  return (law_endpoint){.transport = o->transport,
                        .host = o->host,
                        .ws_path = o->ws_path,
                        .ca_file = o->ca_file,
                        .netns = o->netns};
}
