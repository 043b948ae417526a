/* The format pcapng: blocks. Sections, interfaces, packets in three forms, secrets; all other blocks
 * are passed over. */
#include <stdlib.h>
#include <string.h>

#include "pcap/savefile.h"

enum {
  BLOCK_INTERFACE = 1,
  BLOCK_OLD_PACKET = 2,
  BLOCK_SIMPLE_PACKET = 3,
  BLOCK_PACKET = 6,
  BLOCK_JOURNAL = 9, /* of systemd; Wireshark counts it */
  BLOCK_SECRETS = 10,
  BLOCK_SECTION = 0x0a0d0d0a,
  BYTE_ORDER_MAGIC = 0x1a2b3c4d,
  MIN_BLOCK = 12, /* type, length, length again */
  HEAD = 8,
  PACKET_HEAD = 28,
  OPT_END = 0,
  OPT_COMMENT = 1,
  OPT_RESOLUTION = 9,
  OPT_OFFSET = 14,
  MAX_INTERFACES = 1 << 16,
};

static law_source_status damaged(law_savefile *f, const char *what) {
  return law_savefile_fail(f, "is damaged after packet %llu: %s", (unsigned long long)f->frame, what);
}

/* ---- Options ---- */

typedef struct option {
  uint16_t code, len;
  const uint8_t *value;
} option;

/* The next option of |*left| bytes at |*p|. False: there is none, or it does not fit. */
static bool next_option(const law_savefile *f, const uint8_t **p, size_t *left, option *out) {
  if (*left < 4) {
    return false;
  }
  out->code = law_savefile_u16(f, *p);
  out->len = law_savefile_u16(f, *p + 2);
  out->value = *p + 4;
  size_t padded = 4 + (((size_t)out->len + 3) & ~(size_t)3);
  if (out->code == OPT_END || 4 + (size_t)out->len > *left) {
    return false;
  }
  padded = padded < *left ? padded : *left;
  *p += padded;
  *left -= padded;
  return true;
}

static void tell_comments(law_savefile *f, const uint8_t *p, size_t left) {
  option opt;
  while (next_option(f, &p, &left, &opt)) {
    if (opt.code == OPT_COMMENT) {
      f->commented = true;
      f->notes.comment(f->notes.user, f->frame, law_bytes_of(opt.value, opt.len));
    }
  }
}

/* ---- Sections and interfaces ---- */

static law_source_status section(law_savefile *f) {
  if (!law_input_has(&f->in, HEAD + 4)) {
    return law_savefile_no_more(f, true);
  }
  f->swapped = false;
  uint32_t order = law_savefile_u32(f, f->in.at + HEAD);
  if (order != BYTE_ORDER_MAGIC) {
    f->swapped = true;
    if (__builtin_bswap32(order) != BYTE_ORDER_MAGIC) {
      return damaged(f, "a section does not tell its byte order");
    }
  }
  f->section = f->num_interfaces;
  return LAW_SOURCE_PACKET;
}

static law_clock decimal(unsigned digits) {
  law_clock clock = {.multiply = 1, .divide = 1};
  for (unsigned i = digits; i < 9; i++) {
    clock.multiply *= 10;
  }
  for (unsigned i = 9; i < digits && i < 28; i++) {
    clock.divide *= 10;
  }
  return clock;
}

static law_clock resolution(uint8_t told) {
  if ((told & 0x80) == 0) {
    return decimal(told);
  }
  law_clock clock = {.multiply = 1, .divide = 0, .shift = told & 0x7f};
  return clock.shift == 0 ? decimal(0) : clock;
}

static void interface_options(law_savefile *f, law_savefile_interface *it, const uint8_t *p,
                              size_t left) {
  option opt;
  uint64_t offset = 0;
  while (next_option(f, &p, &left, &opt)) {
    if (opt.code == OPT_RESOLUTION && opt.len == 1) {
      it->clock = resolution(opt.value[0]);
    } else if (opt.code == OPT_OFFSET && opt.len == 8) {
      offset = law_savefile_u64(f, opt.value) * 1000000000;
    }
  }
  it->clock.offset = offset;
}

static law_savefile_interface *add_interface(law_savefile *f) {
  if (f->num_interfaces == f->cap_interfaces) {
    uint32_t cap = f->cap_interfaces == 0 ? 4 : f->cap_interfaces * 2;
    void *larger = cap > MAX_INTERFACES ? NULL : realloc(f->interfaces, cap * sizeof *f->interfaces);
    if (larger == NULL) {
      return NULL;
    }
    f->interfaces = larger;
    f->cap_interfaces = cap;
  }
  return &f->interfaces[f->num_interfaces++];
}

static law_source_status interface(law_savefile *f, uint32_t len) {
  if (len < MIN_BLOCK + 8) {
    return damaged(f, "the description of an interface is too short");
  }
  const uint8_t *p = f->in.at + HEAD;
  law_savefile_interface *it = add_interface(f);
  if (it == NULL) {
    return damaged(f, "it describes too many interfaces");
  }
  it->link = law_savefile_u16(f, p);
  it->snaplen = law_savefile_u32(f, p + 4);
  it->clock = decimal(6);
  interface_options(f, it, p + 8, len - MIN_BLOCK - 8);
  return LAW_SOURCE_PACKET;
}

static void secrets(law_savefile *f, uint32_t len) {
  const uint8_t *p = f->in.at + HEAD;
  if (f->notes.secrets == NULL || len < MIN_BLOCK + 8) {
    return;
  }
  uint32_t type = law_savefile_u32(f, p), secrets_len = law_savefile_u32(f, p + 4);
  if (secrets_len <= len - MIN_BLOCK - 8) {
    f->notes.secrets(f->notes.user, type, law_bytes_of(p + 8, secrets_len));
  }
}

/* ---- Packets ---- */

static law_source_status no_interface(law_savefile *f) {
  return damaged(f, "the next one is of an interface that is not described");
}

/* A packet, in the form of now or the old one; they differ in the width of the interface. */
static law_source_status packet(law_savefile *f, law_packet *out, uint32_t len, bool old) {
  const uint8_t *p = f->in.at + HEAD;
  if (LAW_UNLIKELY(len < PACKET_HEAD + 4)) {
    return damaged(f, "the next one is too short");
  }
  uint32_t id = old ? law_savefile_u16(f, p) : law_savefile_u32(f, p);
  if (LAW_UNLIKELY(id >= f->num_interfaces - f->section)) {
    return no_interface(f);
  }
  const law_savefile_interface *it = &f->interfaces[f->section + id];
  uint64_t units = (uint64_t)law_savefile_u32(f, p + 4) << 32 | law_savefile_u32(f, p + 8);
  out->frame = ++f->frame;
  out->time = law_clock_ns(&it->clock, units);
  out->captured = law_savefile_u32(f, p + 12);
  out->length = law_savefile_u32(f, p + 16);
  out->data = f->in.at + PACKET_HEAD;
  out->link = it->link;
  out->interface = f->section + id;
  size_t room = len - PACKET_HEAD - 4;
  if (LAW_UNLIKELY(out->captured > room)) {
    f->frame--;
    return damaged(f, "the next one is longer than its block");
  }
  if (f->notes.comment != NULL) {
    size_t padded = ((size_t)out->captured + 3) & ~(size_t)3;
    if (padded < room) {
      tell_comments(f, out->data + padded, room - padded);
    }
  }
  return LAW_SOURCE_PACKET;
}

static law_source_status simple_packet(law_savefile *f, law_packet *out, uint32_t len) {
  if (len < MIN_BLOCK + 4) {
    return damaged(f, "the next one is too short");
  }
  if (f->num_interfaces == f->section) {
    return no_interface(f);
  }
  const law_savefile_interface *it = &f->interfaces[f->section];
  uint32_t room = len - MIN_BLOCK - 4;
  *out = (law_packet){.frame = ++f->frame,
                      .data = f->in.at + HEAD + 4,
                      .length = law_savefile_u32(f, f->in.at + HEAD),
                      .link = it->link,
                      .interface = f->section};
  out->captured = out->length < room ? out->length : room;
  if (it->snaplen != 0 && out->captured > it->snaplen) {
    out->captured = it->snaplen;
  }
  return LAW_SOURCE_PACKET;
}

static law_source_status journal(law_savefile *f, law_packet *out, uint32_t len) {
  *out = (law_packet){.frame = ++f->frame,
                      .data = f->in.at + HEAD,
                      .captured = len - MIN_BLOCK,
                      .length = len - MIN_BLOCK,
                      .link = LAW_SOURCE_NOT_A_PACKET};
  return LAW_SOURCE_PACKET;
}

/* ---- Blocks ---- */

static bool gives_packet(uint32_t type) {
  return type == BLOCK_PACKET || type == BLOCK_SIMPLE_PACKET || type == BLOCK_OLD_PACKET ||
         type == BLOCK_JOURNAL;
}

/* A whole block of |len| bytes is in hand. */
static law_source_status block(law_savefile *f, law_packet *out, uint32_t type, uint32_t len) {
  switch (type) {
    case BLOCK_PACKET:
      return packet(f, out, len, false);
    case BLOCK_OLD_PACKET:
      return packet(f, out, len, true);
    case BLOCK_SIMPLE_PACKET:
      return simple_packet(f, out, len);
    case BLOCK_JOURNAL:
      return journal(f, out, len);
    case BLOCK_INTERFACE:
      return interface(f, len);
    case BLOCK_SECRETS:
      secrets(f, len);
      return LAW_SOURCE_PACKET;
    default:
      return LAW_SOURCE_PACKET;
  }
}

static bool is_read(uint32_t type) {
  return gives_packet(type) || type == BLOCK_INTERFACE || type == BLOCK_SECRETS;
}

/* Type and length of the next block, whose first HEAD bytes are in hand. */
static law_source_status block_head(law_savefile *f, uint32_t *out_type, uint32_t *out_len) {
  uint32_t type = law_savefile_u32(f, f->in.at); /* a section's reads the same both ways */
  if (LAW_UNLIKELY(type == BLOCK_SECTION)) {
    law_source_status status = section(f);
    if (status != LAW_SOURCE_PACKET) {
      return status;
    }
  }
  uint32_t len = law_savefile_u32(f, f->in.at + 4);
  if (LAW_UNLIKELY(len < MIN_BLOCK || (is_read(type) && len > LAW_INPUT_MAX))) {
    return damaged(f, len < MIN_BLOCK ? "a block is too short" : "a block is too long");
  }
  *out_type = type;
  *out_len = (len + 3) & ~(uint32_t)3; /* some writers forgot to count the padding */
  return *out_len < len ? damaged(f, "a block is too long") : LAW_SOURCE_PACKET;
}

law_source_status law_pcapng_next(law_savefile *f, law_packet *out) {
  for (;;) {
    uint32_t type = 0, len = 0;
    if (LAW_UNLIKELY(!law_input_has(&f->in, HEAD))) {
      return law_savefile_no_more(f, f->in.left > 0);
    }
    law_source_status status = block_head(f, &type, &len);
    if (LAW_UNLIKELY(status != LAW_SOURCE_PACKET)) {
      return status;
    }
    if (LAW_UNLIKELY(!is_read(type))) {
      law_input_skip(&f->in, len);
      continue;
    }
    if (LAW_UNLIKELY(!law_input_has(&f->in, len))) {
      return law_savefile_no_more(f, true);
    }
    status = block(f, out, type, len);
    law_input_pass(&f->in, len);
    if (LAW_LIKELY(gives_packet(type) || status != LAW_SOURCE_PACKET)) {
      return status;
    }
  }
}
