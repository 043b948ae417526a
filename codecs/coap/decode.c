/* The strict decoder: bytes in their order, the first violation decides. */
#include "coap/tables.h"
#include "core/utf8.h"

#define BIT(NAME) (UINT64_C(1) << LAW_COAP_O_##NAME)

/* What was seen of the options so far. */
typedef struct seen {
  uint32_t number; /* of the last one */
  uint64_t below_64;
} seen;

static law_breach nothing(void) { return law_breach_at(NULL, LAW_COAP_RULE_NONE); }

/* ---- Header ---- */

static law_rule check_empty(const law_coap_message *m) {
  if ((m->first & 15) != 0) {
    return LAW_COAP_RULE_EMPTY_TOKEN_LENGTH;
  }
  return law_coap_kind_of(m) == LAW_COAP_NON ? LAW_COAP_RULE_EMPTY_NON : LAW_COAP_RULE_NONE;
}

static law_rule check_code(const law_coap_message *m) {
  unsigned class = law_coap_class(m->code);
  if (m->code == LAW_COAP_EMPTY) {
    return check_empty(m);
  }
  if (class == 1 || class >= 6) {
    return LAW_COAP_RULE_RESERVED_CLASS;
  }
  if (law_coap_kind_of(m) == LAW_COAP_RST) {
    return LAW_COAP_RULE_RESET_CODE;
  }
  return law_coap_kind_of(m) == LAW_COAP_ACK && class == 0 ? LAW_COAP_RULE_ACK_REQUEST
                                                           : LAW_COAP_RULE_NONE;
}

/* Lengths 13 and 14 are those of RFC 8974. */
static law_rule check_first(uint8_t first) {
  unsigned token_length = first & 15;
  if (first >> 6 != LAW_COAP_VERSION) {
    return LAW_COAP_RULE_VERSION;
  }
  return token_length > LAW_COAP_MAX_TOKEN && token_length != 13 && token_length != 14
             ? LAW_COAP_RULE_TOKEN_LENGTH
             : LAW_COAP_RULE_NONE;
}

LAW_INLINE void decode_header(law_cursor *c, law_coap_message *m) {
  if (law_cursor_left(c) > 0 && LAW_UNLIKELY(check_first(*c->at) != LAW_COAP_RULE_NONE)) {
    law_cursor_fail(c, check_first(*c->at));
  }
  if (LAW_UNLIKELY(law_cursor_left(c) < LAW_COAP_HEADER)) {
    law_cursor_fail_at(c, c->end, LAW_COAP_RULE_HEADER);
    return;
  }
  m->first = c->at[0];
  m->code = c->at[1];
  m->message_id = law_load_u16(c->at + 2);
  law_rule rule = check_code(m);
  if (LAW_UNLIKELY(rule != LAW_COAP_RULE_NONE)) {
    law_cursor_fail_at(c, c->at + (rule != LAW_COAP_RULE_EMPTY_TOKEN_LENGTH), rule);
    return;
  }
  c->at += LAW_COAP_HEADER;
}

LAW_INLINE void decode_token(law_cursor *c, law_coap_message *m) {
  uint32_t nibble = m->first & 15u, more = law_nibble_more(nibble);
  uint32_t len = nibble;
  if (LAW_UNLIKELY(more > 0)) {
    if (law_cursor_left(c) < more) {
      law_cursor_fail_at(c, c->end, LAW_COAP_RULE_TOKEN);
      return;
    }
    len = law_nibble_value(nibble, c->at);
    c->at += more;
  }
  m->token = law_cursor_bytes(c, len, LAW_COAP_RULE_TOKEN);
}

/* ---- Options ---- */

LAW_COLD static law_breach bad_head(law_option_fault fault, const uint8_t *at, uint32_t size) {
  switch (fault) {
    case LAW_OPTION_DELTA_15:
      return law_breach_at(at, LAW_COAP_RULE_DELTA_15);
    case LAW_OPTION_LENGTH_15:
      return law_breach_at(at, LAW_COAP_RULE_LENGTH_15);
    default:
      return law_breach_at(at + size, LAW_COAP_RULE_EXTENSION);
  }
}

/* RFC 7252 says Net-Unicode of UTF-8; U+0000 is a character of both. */
static law_breach check_text(law_bytes text) {
  size_t at;
  law_bytes rest = text;
  law_utf8 found;
  if (LAW_LIKELY(law_utf8_plain(text, false))) {
    return nothing();
  }
  while ((found = law_utf8_check(rest, false, &at)) == LAW_UTF8_NUL) {
    rest = law_bytes_of(rest.data + at + 1, rest.len - at - 1);
  }
  return found == LAW_UTF8_OK ? nothing() : law_breach_at(rest.data + at, LAW_COAP_RULE_UTF8);
}

static bool is_dots(law_bytes segment) {
  return segment.len > 0 && segment.len <= 2 && segment.data[0] == '.' &&
         segment.data[segment.len - 1] == '.';
}

static bool is_repeated(const law_coap_message *m, const law_item *item, const seen *s) {
  bool single = !item->repeatable ||
                (item->tag == LAW_COAP_O_ETAG && law_coap_is_response(m->code));
  return single && s->number == item->tag;
}

static law_breach check_value(const law_item *item, law_bytes value, const uint8_t *at,
                              const seen *s) {
  const uint64_t uri = BIT(URI_HOST) | BIT(URI_PORT) | BIT(URI_PATH) | BIT(URI_QUERY);
  switch (item->tag) {
    case LAW_COAP_O_URI_PATH:
      return is_dots(value) ? law_breach_at(value.data, LAW_COAP_RULE_URI_DOT) : nothing();
    case LAW_COAP_O_LOCATION_PATH:
      return is_dots(value) ? law_breach_at(value.data, LAW_COAP_RULE_LOCATION_DOT) : nothing();
    case LAW_COAP_O_BLOCK1:
    case LAW_COAP_O_BLOCK2:
      return value.len > 0 && (value.data[value.len - 1] & 7) == 7
                 ? law_breach_at(value.data, LAW_COAP_RULE_SZX_7)
                 : nothing();
    case LAW_COAP_O_PROXY_URI:
      return (s->below_64 & uri) != 0 ? law_breach_at(at, LAW_COAP_RULE_PROXY_URI) : nothing();
    default:
      return nothing();
  }
}

/* Options without a definition may be anything. |at|: the option's first byte. */
static law_breach check_option(const law_coap_message *m, const law_item *item, law_bytes value,
                               const uint8_t *at, const seen *s) {
  if (item == NULL) {
    return nothing();
  }
  if (is_repeated(m, item, s)) {
    return law_breach_at(
        at, item->repeatable ? LAW_COAP_RULE_ETAG_TWICE : LAW_COAP_RULE_OPTION_TWICE);
  }
  if (value.len < item->min || value.len > item->max) {
    return law_breach_at(at, LAW_COAP_RULE_OPTION_LENGTH);
  }
  if (item->kind == LAW_KIND_TEXT) {
    law_breach breach = check_text(value);
    if (breach.rule != LAW_COAP_RULE_NONE) {
      return breach;
    }
  }
  return check_value(item, value, at, s);
}

LAW_INLINE void decode_option(law_cursor *c, const law_coap_message *m, seen *s) {
  law_option_head head = {0, 0, 0};
  const uint8_t *at = c->at;
  law_option_fault fault =
      law_option_head_read(law_bytes_of(c->at, law_cursor_left(c)), &head);
  if (LAW_UNLIKELY(fault != LAW_OPTION_OK)) {
    law_cursor_note(c, bad_head(fault, at, head.size));
    return;
  }
  c->at += head.size;
  law_bytes value = law_cursor_bytes(c, head.value_len, LAW_COAP_RULE_VALUE);
  if (LAW_UNLIKELY(!law_cursor_ok(c))) {
    return;
  }
  uint32_t number = s->number + head.delta;
  law_cursor_note(c, check_option(m, law_coap_option_of(number), value, at, s));
  s->number = number;
  s->below_64 |= number < 64 ? UINT64_C(1) << number : 0;
}

LAW_INLINE void decode_options(law_cursor *c, law_coap_message *m, seen *s) {
  const uint8_t *start = c->at;
  uint32_t count = 0;
  while (law_cursor_left(c) > 0 && *c->at != LAW_OPTION_MARKER) {
    decode_option(c, m, s);
    count++;
  }
  m->options = (law_list){start, (uint32_t)(c->at - start), count};
}

/* ---- Payload ---- */

LAW_INLINE void decode_payload(law_cursor *c, law_coap_message *m) {
  m->marker = 0;
  m->payload = law_bytes_of(c->at, 0);
  if (law_cursor_left(c) == 0) {
    return;
  }
  if (law_cursor_left(c) == 1) {
    law_cursor_fail(c, LAW_COAP_RULE_MARKER_EMPTY);
    return;
  }
  if (LAW_UNLIKELY(!law_coap_may_have_payload(m->code))) {
    law_cursor_fail(c, m->code == LAW_COAP_2_3 ? LAW_COAP_RULE_VALID_PAYLOAD
                                               : LAW_COAP_RULE_PAYLOAD);
    return;
  }
  m->marker = *c->at++;
  m->payload = law_cursor_rest(c);
}

static void check_valid(law_cursor *c, const law_coap_message *m, const seen *s) {
  if (m->code == LAW_COAP_2_3 && (s->below_64 & BIT(ETAG)) == 0 && law_cursor_ok(c)) {
    law_cursor_fail(c, LAW_COAP_RULE_VALID_ETAG);
  }
}

law_status law_coap_decode(law_bytes datagram, law_coap_message *out, law_violation *violation) {
  law_cursor c = law_cursor_of(datagram);
  seen s = {0, 0};
  decode_header(&c, out);
  if (law_cursor_ok(&c) && out->code == LAW_COAP_EMPTY && law_cursor_left(&c) > 0) {
    law_cursor_fail(&c, LAW_COAP_RULE_EMPTY_BYTES);
  }
  if (LAW_LIKELY(law_cursor_ok(&c))) {
    decode_token(&c, out);
    decode_options(&c, out, &s);
    check_valid(&c, out, &s);
    decode_payload(&c, out);
  }
  if (LAW_LIKELY(law_cursor_ok(&c))) {
    return LAW_OK;
  }
  *violation = law_coap_violation_of(c.failed, c.failed_at);
  return violation->status;
}
