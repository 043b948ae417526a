/* savefile.h: the two formats of capture files, read from an input: pcap
 * (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng). */
#ifndef LAW_PCAP_SAVEFILE_H
#define LAW_PCAP_SAVEFILE_H

#include "pcap/input.h"
#include "pcap/source.h"

/* How the times of an interface are told: units since 1970 -> ns. */
typedef struct law_clock {
  uint64_t multiply, divide; /* of a decimal resolution */
  uint8_t shift;             /* of a binary one: units of 2^-shift seconds; 0: decimal */
  uint64_t offset;           /* ns, added; wraps */
} law_clock;

typedef struct law_savefile_interface {
  law_clock clock;
  uint32_t snaplen; /* 0: none */
  int link;
} law_savefile_interface;

typedef struct law_savefile law_savefile;
struct law_savefile {
  law_input in;
  law_source_notes notes;
  law_source_status (*next)(law_savefile *f, law_packet *out); /* NULL: format not known yet */
  bool swapped; /* numbers of the file, or of its section, are in the other byte order */
  uint64_t frame;
  bool commented; /* comments were told of packet |frame| */
  /* pcap */
  law_clock clock;
  int link;
  uint32_t header_len; /* of a packet */
  bool lengths_swapped;
  /* pcapng */
  law_savefile_interface *interfaces;
  uint32_t num_interfaces, cap_interfaces;
  uint32_t section; /* the first interface of this section */
  char error[LAW_SOURCE_TEXT]; /* "" while all is well */
};

/* Takes what comes first to find out which format it is. */
law_source_status law_savefile_begin(law_savefile *f);
law_source_status law_pcap_begin(law_savefile *f);
law_source_status law_pcapng_next(law_savefile *f, law_packet *out);

/* Bytes that were asked for are not there. |partial|: something was begun. */
law_source_status law_savefile_no_more(law_savefile *f, bool partial);
LAW_COLD law_source_status law_savefile_fail(law_savefile *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

uint64_t law_clock_slow(const law_clock *clock, uint64_t units);
LAW_INLINE uint64_t law_clock_ns(const law_clock *clock, uint64_t units) {
  if (LAW_LIKELY(clock->divide == 1)) {
    return units * clock->multiply + clock->offset;
  }
  return law_clock_slow(clock, units);
}

/* Numbers as the file has them. */
LAW_INLINE uint16_t law_savefile_u16(const law_savefile *f, const uint8_t *p) {
  uint16_t v;
  __builtin_memcpy(&v, p, sizeof v);
  return f->swapped ? __builtin_bswap16(v) : v;
}

LAW_INLINE uint32_t law_savefile_u32(const law_savefile *f, const uint8_t *p) {
  uint32_t v;
  __builtin_memcpy(&v, p, sizeof v);
  return f->swapped ? __builtin_bswap32(v) : v;
}

LAW_INLINE uint64_t law_savefile_u64(const law_savefile *f, const uint8_t *p) {
  uint64_t v;
  __builtin_memcpy(&v, p, sizeof v);
  return f->swapped ? __builtin_bswap64(v) : v;
}

#endif
