#include "coap/coap.h"

#include <string.h>

#include "checks/checks.h"
#include "checks/require.h"

enum { ROOM = 1 << 16, MOST = 64 };

static void check_names(const law_coap_message *m) {
  FUZZ_REQUIRE(law_coap_version(m) == LAW_COAP_VERSION && law_coap_kind_of(m) <= LAW_COAP_RST);
  FUZZ_REQUIRE(law_coap_is_request(m->code) + law_coap_is_response(m->code) <= 1);
  FUZZ_REQUIRE(law_coap_class(m->code) <= 7);
}

/* The first MOST of the options; how many there are. */
static size_t read_options(const law_coap_message *m, law_option *out) {
  law_options it = law_options_of(m->options);
  law_option option = {0, {NULL, 0}};
  uint32_t last = 0;
  size_t num = 0;
  for (; law_next_option(&it, &option); num++) {
    FUZZ_REQUIRE(option.number >= last);
    FUZZ_REQUIRE(law_coap_is_critical(option.number) == (option.number % 2 == 1));
    (void)law_coap_option_of(option.number);
    last = option.number;
    if (num < MOST) {
      out[num] = option;
    }
  }
  FUZZ_REQUIRE(num == m->options.count && it.left.len == 0);
  return num;
}

/* From the highest number down, those of one number in their order: each goes to the front. */
static law_list add_backwards(law_writer *w, const law_option *options, size_t num) {
  law_list list = {NULL, 0, 0};
  for (size_t end = num, first; end > 0; end = first) {
    for (first = end; first > 0 && options[first - 1].number == options[end - 1].number;) {
      first--;
    }
    for (size_t i = first; i < end; i++) {
      law_options_add(w, &list, options[i].number, options[i].value);
    }
  }
  return list;
}

/* In whatever order they are added, it is the same list. A number beyond what one delta says cannot
 * be the first. */
static void check_options(const law_coap_message *m) {
  static uint8_t room[ROOM];
  law_option options[MOST];
  law_writer w = law_writer_of(room, sizeof room);
  size_t num = read_options(m, options);
  if (num == 0 || num > MOST || options[num - 1].number > LAW_MAX_NIBBLE) {
    return;
  }
  law_list again = add_backwards(&w, options, num);
  FUZZ_REQUIRE(law_writer_ok(&w) && again.len == m->options.len && again.count == num);
  FUZZ_REQUIRE(memcmp(again.data, m->options.data, again.len) == 0);
}

/* Zeros before an integer may be sent, and are left out when it is written (3.2). */
static bool has_padded_integer(const fuzz_packet *p) {
  for (size_t i = 0; i < p->num; i++) {
    const law_span *span = &p->spans[i];
    if (span->field->kind == LAW_KIND_UINT && span->len > 0 && p->wire.data[span->at] == 0) {
      return true;
    }
  }
  return false;
}

static void check_build(const fuzz_packet *p, law_coap_message *m) {
  static uint8_t wire[ROOM], built_wire[ROOM];
  law_coap_message built;
  if (fuzz_build_again(p, &built) && !has_padded_integer(p)) {
    size_t len = law_coap_encode(m, wire, sizeof wire);
    FUZZ_REQUIRE(law_coap_encode(&built, built_wire, sizeof built_wire) == len);
    FUZZ_REQUIRE(len <= sizeof wire && memcmp(wire, built_wire, len) == 0);
  }
}

void fuzz_check_coap_message(const fuzz_packet *p) {
  law_coap_message m;
  int sure = p->protocol->detect(p->wire, p->from);
  FUZZ_REQUIRE((sure > 0) == (p->status == LAW_OK));
  if (p->status == LAW_OK) {
    memcpy(&m, p->message, sizeof m);
    check_names(&m);
    check_options(&m);
    check_build(p, &m);
  }
}
