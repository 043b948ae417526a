/* The format pcap: one link type, one resolution of time; a header of 24 bytes, then packets with
 * headers of 16. */
#include <string.h>

#include "pcap/savefile.h"

enum {
  FILE_HEADER = 24,
  PACKET_HEADER = 16,
  PATCHED_HEADER = 24,    /* of the patched libpcap of Linux about 1999 */
  MAX_PACKET = 256 << 10, /* as libpcap has it */
  LINK_MASK = 0x3ffffff,  /* the bits above tell of frame check sequences */
  MAGIC_US = (int)0xa1b2c3d4,
  MAGIC_NS = (int)0xa1b23c4d,
  MAGIC_PATCHED = (int)0xa1b2cd34,
};

static law_source_status packet_header(law_savefile *f, law_packet *out) {
  const uint8_t *p = f->in.at;
  out->frame = f->frame + 1;
  out->time = (uint64_t)law_savefile_u32(f, p) * 1000000000 + law_clock_ns(&f->clock, law_savefile_u32(f, p + 4));
  out->captured = law_savefile_u32(f, p + 8);
  out->length = law_savefile_u32(f, p + 12);
  out->link = f->link;
  out->interface = 0;
  if (LAW_UNLIKELY(f->lengths_swapped && out->captured > out->length)) {
    uint32_t length = out->captured;
    out->captured = out->length;
    out->length = length;
  }
  if (LAW_UNLIKELY(out->captured > MAX_PACKET)) {
    return law_savefile_fail(f, "is damaged after packet %llu: the next one would have %u bytes",
                             (unsigned long long)f->frame, (unsigned)out->captured);
  }
  return LAW_SOURCE_PACKET;
}

static law_source_status next_packet(law_savefile *f, law_packet *out) {
  if (LAW_UNLIKELY(!law_input_has(&f->in, f->header_len))) {
    return law_savefile_no_more(f, f->in.left > 0);
  }
  law_source_status status = packet_header(f, out);
  if (LAW_UNLIKELY(status != LAW_SOURCE_PACKET)) {
    return status;
  }
  size_t len = (size_t)f->header_len + out->captured;
  if (LAW_UNLIKELY(!law_input_has(&f->in, len))) {
    return law_savefile_no_more(f, true);
  }
  out->data = f->in.at + f->header_len;
  law_input_pass(&f->in, len);
  f->frame++;
  return LAW_SOURCE_PACKET;
}

static bool is_magic(uint32_t magic) {
  return magic == (uint32_t)MAGIC_US || magic == (uint32_t)MAGIC_NS ||
         magic == (uint32_t)MAGIC_PATCHED;
}

static law_source_status file_header(law_savefile *f, uint32_t magic) {
  const uint8_t *p = f->in.at;
  uint16_t major = law_savefile_u16(f, p + 4), minor = law_savefile_u16(f, p + 6);
  if (major != 2) {
    return law_savefile_fail(f, "is a pcap file of version %u.%u, which nobody has described",
                             (unsigned)major, (unsigned)minor);
  }
  f->lengths_swapped = minor <= 3;
  f->link = (int)(law_savefile_u32(f, p + 20) & LINK_MASK);
  f->header_len = magic == (uint32_t)MAGIC_PATCHED ? PATCHED_HEADER : PACKET_HEADER;
  f->clock = (law_clock){.multiply = magic == (uint32_t)MAGIC_NS ? 1 : 1000, .divide = 1};
  law_input_pass(&f->in, FILE_HEADER);
  f->next = next_packet;
  return LAW_SOURCE_PACKET;
}

law_source_status law_pcap_begin(law_savefile *f) {
  f->swapped = false;
  uint32_t magic = law_savefile_u32(f, f->in.at);
  if (!is_magic(magic)) {
    f->swapped = true;
    magic = __builtin_bswap32(magic);
  }
  if (!is_magic(magic)) {
    return LAW_SOURCE_PACKET; /* another format */
  }
  if (!law_input_has(&f->in, FILE_HEADER)) {
    return law_savefile_no_more(f, true);
  }
  return file_header(f, magic);
}
