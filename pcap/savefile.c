#include "pcap/savefile.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

static const uint8_t pcapng_magic[4] = {0x0a, 0x0d, 0x0d, 0x0a};

/* Files that are often taken for captures, and how to get one from them. */
static const struct {
  uint8_t len, magic[4];
  const char *what;
} others[] = {
    {2, {0x1f, 0x8b}, "compressed by gzip: 'gunzip -c FILE' unpacks it, and '-' reads a pipe"},
    {4, {0x28, 0xb5, 0x2f, 0xfd}, "compressed by zstd: 'zstd -dc FILE' unpacks it, and '-' reads a pipe"},
    {4, {0xfd, '7', 'z', 'X'}, "compressed by xz: 'xz -dc FILE' unpacks it, and '-' reads a pipe"},
    {4, {'P', 'K', 3, 4}, "a ZIP archive: unpack it first"},
    {4, {'s', 'n', 'o', 'o'}, "of the format snoop: 'editcap FILE OUT.pcapng' converts it"},
    {4, {'X', 'C', 'P', 0}, "of the format NetXRay: 'editcap FILE OUT.pcapng' converts it"},
};

law_source_status law_savefile_fail(law_savefile *f, const char *format, ...) {
  va_list args;
  va_start(args, format);
  (void)vsnprintf(f->error, sizeof f->error, format, args);
  va_end(args);
  return LAW_SOURCE_FAILED;
}

law_source_status law_savefile_no_more(law_savefile *f, bool partial) {
  switch (f->in.state) {
    case LAW_INPUT_IDLE:
      return LAW_SOURCE_IDLE;
    case LAW_INPUT_FAILED:
      return law_savefile_fail(f, "could not be read after packet %llu: %s",
                               (unsigned long long)f->frame, strerror(f->in.error));
    default:
      break;
  }
  if (partial && !f->in.stop) {
    (void)law_savefile_fail(f, "is cut short in the middle of what comes after packet %llu",
                            (unsigned long long)f->frame);
  }
  return LAW_SOURCE_END;
}

static law_source_status not_a_capture(law_savefile *f) {
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    if (memcmp(f->in.at, others[i].magic, others[i].len) == 0) {
      return law_savefile_fail(f, "is %s", others[i].what);
    }
  }
  return law_savefile_fail(f, "is no capture (pcap or pcapng): it begins with %02x %02x %02x %02x",
                           f->in.at[0], f->in.at[1], f->in.at[2], f->in.at[3]);
}

law_source_status law_savefile_begin(law_savefile *f) {
  if (!law_input_has(&f->in, 4)) {
    law_source_status status = law_savefile_no_more(f, f->in.left > 0);
    return status != LAW_SOURCE_END || f->in.stop
               ? status
               : law_savefile_fail(f, "is no capture: it holds %s",
                                   f->in.left > 0 ? "less than a header" : "nothing");
  }
  if (memcmp(f->in.at, pcapng_magic, sizeof pcapng_magic) == 0) {
    f->next = law_pcapng_next;
    return LAW_SOURCE_PACKET;
  }
  law_source_status status = law_pcap_begin(f);
  return status == LAW_SOURCE_PACKET && f->next == NULL ? not_a_capture(f) : status;
}

/* 64 bits are not enough on the way. */
__extension__ typedef unsigned __int128 wide;

uint64_t law_clock_slow(const law_clock *clock, uint64_t units) {
  if (clock->shift == 0) {
    return units / clock->divide * clock->multiply + clock->offset;
  }
  return (uint64_t)(((wide)units * NS_PER_S) >> clock->shift) + clock->offset;
}
