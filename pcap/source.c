#include "pcap/source.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "pcap/savefile.h"

enum {
  MAX_PROGRAMS = 8, /* link types that a filter is compiled for */
  LIVE_WAIT = 200,  /* ms */
  LIVE_BUFFER = 32 << 20,
  LIVE_SNAPLEN = 256 << 10,
  LINK_RAW = 101,
};

/* A filter, compiled for one link type. */
typedef struct program {
  int link;
  struct bpf_program code;
} program;

struct law_source {
  law_savefile file;
  pcap_t *live; /* NULL: a file or memory */
  char *name;
  char *filter; /* NULL: none, or it is the live capture's */
  program programs[MAX_PROGRAMS];
  size_t num_programs;
  uint64_t frame; /* live */
  law_source_status pending; /* what law_source_batch came across; LAW_SOURCE_PACKET: nothing */
  volatile sig_atomic_t stop;
  char error[LAW_SOURCE_TEXT];
};

LAW_COLD static void say(char *error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  (void)vsnprintf(error, LAW_SOURCE_TEXT, format, args);
  va_end(args);
}

static char *copy_of(const char *text) { return text == NULL ? NULL : strdup(text); }

static law_source *create(const char *name, const char *filter, const law_source_notes *notes,
                          char *error) {
  law_source *s = calloc(1, sizeof *s);
  if (s == NULL) {
    say(error, "out of memory");
    return NULL;
  }
  s->file.in.fd = -1;
  s->name = copy_of(name);
  s->filter = copy_of(filter);
  if (s->name == NULL || (filter != NULL && s->filter == NULL)) {
    say(error, "out of memory");
    law_source_close(s);
    return NULL;
  }
  if (notes != NULL) {
    s->file.notes = *notes;
  }
  return s;
}

law_source *law_source_file(const char *path, const char *filter, const law_source_notes *notes,
                            char *error) {
  law_source *s = create(strcmp(path, "-") == 0 ? "standard input" : path, filter, notes, error);
  if (s != NULL && !law_input_open(&s->file.in, path)) {
    say(error, "%s cannot be read: %s", s->name, strerror(errno));
    law_source_close(s);
    return NULL;
  }
  return s;
}

law_source *law_source_memory(law_bytes bytes, const char *filter, const law_source_notes *notes,
                              char *error) {
  law_source *s = create("memory", filter, notes, error);
  if (s != NULL) {
    law_input_memory(&s->file.in, bytes);
  }
  return s;
}

/* ---- Filters of files: libpcap's, compiled for each link type that occurs ---- */

/* libpcap's own number of a link type; they differ for few. */
static int dlt_of(int link) { return link == LINK_RAW ? DLT_RAW : link; }
static int link_of(int dlt) { return dlt == DLT_RAW ? LINK_RAW : dlt; }

static program *compile(law_source *s, int link) {
  program *made = &s->programs[s->num_programs];
  pcap_t *dead = s->num_programs < MAX_PROGRAMS ? pcap_open_dead(dlt_of(link), LIVE_SNAPLEN) : NULL;
  if (dead == NULL) {
    say(s->error, "%s: the filter cannot be compiled for one more link type", s->name);
    return NULL;
  }
  int status = pcap_compile(dead, &made->code, s->filter, 1, PCAP_NETMASK_UNKNOWN);
  if (status != 0) {
    say(s->error, "the filter '%s' is not understood: %s", s->filter, pcap_geterr(dead));
  }
  pcap_close(dead);
  if (status != 0) {
    return NULL;
  }
  made->link = link;
  s->num_programs++;
  return made;
}

static program *program_for(law_source *s, int link) {
  for (size_t i = 0; i < s->num_programs; i++) {
    if (s->programs[i].link == link) {
      return &s->programs[i];
    }
  }
  return compile(s, link);
}

/* Whether the filter lets |packet| pass. False with an error when there is no such filter. */
static bool passes(law_source *s, const law_packet *packet) {
  program *made = packet->link < 0 ? NULL : program_for(s, packet->link);
  if (made == NULL) {
    return false;
  }
  struct pcap_pkthdr header = {.caplen = packet->captured, .len = packet->length};
  return pcap_offline_filter(&made->code, &header, packet->data) != 0;
}

/* ---- Files and memory ---- */

/* One sentence with the file's name in it. */
LAW_COLD static law_source_status explain(law_source *s, law_source_status status) {
  if (s->file.error[0] != 0 && s->error[0] == 0) {
    say(s->error, "%.200s %.300s", s->name, s->file.error);
  }
  return status;
}

static law_source_status file_next(law_source *s, law_packet *out) {
  if (LAW_UNLIKELY(s->pending != LAW_SOURCE_PACKET)) {
    return s->pending;
  }
  for (;;) {
    law_source_status status = LAW_SOURCE_PACKET;
    if (LAW_UNLIKELY(s->file.next == NULL)) {
      status = law_savefile_begin(&s->file);
    }
    if (LAW_LIKELY(status == LAW_SOURCE_PACKET)) {
      status = s->file.next(&s->file, out);
    }
    if (LAW_UNLIKELY(status != LAW_SOURCE_PACKET)) {
      return explain(s, status);
    }
    if (LAW_LIKELY(s->filter == NULL) || passes(s, out)) {
      return status;
    }
    if (s->error[0] != 0) {
      return LAW_SOURCE_FAILED;
    }
  }
}

/* ---- Interfaces ---- */

static bool set_up(law_source *s, uint32_t snaplen) {
  char why[PCAP_ERRBUF_SIZE] = "";
  pcap_t *live = s->live;
  (void)pcap_set_snaplen(live, snaplen == 0 || snaplen > LIVE_SNAPLEN ? LIVE_SNAPLEN : (int)snaplen);
  (void)pcap_set_promisc(live, 1);
  (void)pcap_set_timeout(live, LIVE_WAIT);
  (void)pcap_set_buffer_size(live, LIVE_BUFFER);
  (void)pcap_set_tstamp_precision(live, PCAP_TSTAMP_PRECISION_NANO);
  int status = pcap_activate(live);
  if (status < 0) {
    const char *more = pcap_geterr(live);
    say(s->error, "%s cannot be captured from: %s%s%s", s->name, pcap_statustostr(status),
        more[0] != 0 ? ": " : "", more);
    return false;
  }
  if (pcap_setnonblock(live, 1, why) != 0) {
    say(s->error, "%s cannot be captured from: %s", s->name, why);
    return false;
  }
  return true;
}

static bool set_filter(law_source *s) {
  struct bpf_program code;
  if (s->filter == NULL) {
    return true;
  }
  if (pcap_compile(s->live, &code, s->filter, 1, PCAP_NETMASK_UNKNOWN) != 0) {
    say(s->error, "the filter '%s' is not understood: %s", s->filter, pcap_geterr(s->live));
    return false;
  }
  bool set = pcap_setfilter(s->live, &code) == 0;
  pcap_freecode(&code);
  if (!set) {
    say(s->error, "the filter '%s' cannot be used: %s", s->filter, pcap_geterr(s->live));
  }
  return set;
}

law_source *law_source_live(const char *interface, const char *filter, uint32_t snaplen,
                            char *error) {
  char why[PCAP_ERRBUF_SIZE] = "";
  law_source *s = create(interface, filter, NULL, error);
  if (s == NULL) {
    return NULL;
  }
  s->live = pcap_create(interface, why);
  if (s->live == NULL) {
    say(s->error, "%s cannot be captured from: %s", interface, why);
  }
  if (s->live == NULL || !set_up(s, snaplen) || !set_filter(s)) {
    say(error, "%s", s->error);
    law_source_close(s);
    return NULL;
  }
  return s;
}

/* libpcap's own waiting has no end on Linux while nothing comes; so it never waits, and we do. */
static int next_or_wait(law_source *s, struct pcap_pkthdr **header, const u_char **data) {
  int status = pcap_next_ex(s->live, header, data);
  struct pollfd wanted = {.fd = pcap_get_selectable_fd(s->live), .events = POLLIN};
  if (status == 0 && poll(&wanted, 1, LIVE_WAIT) > 0) {
    status = pcap_next_ex(s->live, header, data);
  }
  return status;
}

static law_source_status live_next(law_source *s, law_packet *out) {
  struct pcap_pkthdr *header;
  int status = s->stop ? PCAP_ERROR_BREAK : next_or_wait(s, &header, &out->data);
  if (status == 0) {
    return LAW_SOURCE_IDLE;
  }
  if (status == PCAP_ERROR_BREAK) {
    return LAW_SOURCE_END;
  }
  if (status < 0) {
    say(s->error, "%s cannot be captured from any more: %s", s->name, pcap_geterr(s->live));
    return LAW_SOURCE_FAILED;
  }
  uint64_t unit = pcap_get_tstamp_precision(s->live) == PCAP_TSTAMP_PRECISION_NANO ? 1 : 1000;
  out->frame = ++s->frame;
  out->time = (uint64_t)header->ts.tv_sec * 1000000000 + (uint64_t)header->ts.tv_usec * unit;
  out->captured = header->caplen;
  out->length = header->len;
  out->link = link_of(pcap_datalink(s->live));
  out->interface = 0;
  return LAW_SOURCE_PACKET;
}

/* ---- Both ---- */

law_source_status law_source_next(law_source *s, law_packet *out) {
  return LAW_LIKELY(s->live == NULL) ? file_next(s, out) : live_next(s, out);
}

law_source_status law_source_batch(law_source *s, law_packet *out, size_t max, size_t *out_num) {
  s->file.commented = false;
  law_source_status status = law_source_next(s, out);
  size_t num = status == LAW_SOURCE_PACKET ? 1 : 0;
  s->file.in.hold = true;
  while (num > 0 && num < max && s->live == NULL && !s->file.commented) {
    status = file_next(s, &out[num]);
    if (LAW_UNLIKELY(status != LAW_SOURCE_PACKET)) {
      s->pending = status == LAW_SOURCE_IDLE ? LAW_SOURCE_PACKET : status;
      status = LAW_SOURCE_PACKET;
      break;
    }
    num++;
  }
  s->file.in.hold = false;
  *out_num = num;
  return status;
}

const char *law_source_error(const law_source *s) { return s->error[0] != 0 ? s->error : NULL; }

void law_source_stop(law_source *s) {
  s->stop = 1;
  s->file.in.stop = 1;
  if (s->live != NULL) {
    pcap_breakloop(s->live);
  }
}

uint64_t law_source_dropped(law_source *s) {
  struct pcap_stat stat;
  if (s->live == NULL || pcap_stats(s->live, &stat) != 0) {
    return 0;
  }
  return (uint64_t)stat.ps_drop + stat.ps_ifdrop;
}

void law_source_close(law_source *s) {
  if (s == NULL) {
    return;
  }
  for (size_t i = 0; i < s->num_programs; i++) {
    pcap_freecode(&s->programs[i].code);
  }
  if (s->live != NULL) {
    pcap_close(s->live);
  }
  law_input_close(&s->file.in);
  free(s->file.interfaces);
  free(s->filter);
  free(s->name);
  free(s);
}
