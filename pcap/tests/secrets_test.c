#include "pcap/secrets.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pcap/tls_cipher.h"
#include "rfc8448.h"

#define RANDOM_A "00000000000000000000000000000000000000000000000000000000000000aA"
#define RANDOM_B "00000000000000000000000000000000000000000000000000000000000000bb"
#define MASTER                                                                                     \
  "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e" \
  "3f"
#define SECRET "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"

static void random_of(uint8_t *out, uint8_t last) {
  memset(out, 0, LAW_SECRETS_RANDOM);
  out[LAW_SECRETS_RANDOM - 1] = last;
}

static bool add(law_pcap_secrets *s, const char *text, char *error) {
  return law_pcap_secrets_add_keylog(s, law_bytes_of(text, strlen(text)), error);
}

static law_bytes find(const law_pcap_secrets *s, law_secret_label label, uint8_t last) {
  uint8_t random[LAW_SECRETS_RANDOM];
  random_of(random, last);
  return law_pcap_secrets_find(s, label, random);
}

static void reads_key_logs(void **state) {
  (void)state;
  char error[LAW_SECRETS_TEXT];
  law_pcap_secrets *s = law_pcap_secrets_new();
  assert_non_null(s);
  assert_true(add(s,
                  "# a comment\r\n"
                  "\n"
                  "CLIENT_RANDOM " RANDOM_A " " MASTER "\r\n"
                  "  CLIENT_TRAFFIC_SECRET_0\t" RANDOM_B "  " SECRET " \r\n"
                  "EXPORTER_SECRET " RANDOM_B " " SECRET "\n"
                  "not a line of it\n"
                  "CLIENT_RANDOM " RANDOM_B " " SECRET "\n" /* too short for a master secret */
                  "SERVER_TRAFFIC_SECRET_0 " RANDOM_B " " SECRET,
                  error));
  assert_int_equal(law_pcap_secrets_count(s), 3);
  law_bytes master = find(s, LAW_SECRET_CLIENT_RANDOM, 0xaa);
  assert_int_equal(master.len, 48);
  assert_int_equal(master.data[0], 0x10);
  assert_int_equal(master.data[47], 0x3f);
  assert_int_equal(find(s, LAW_SECRET_CLIENT_TRAFFIC, 0xbb).len, 32);
  assert_int_equal(find(s, LAW_SECRET_SERVER_TRAFFIC, 0xbb).len, 32);
  assert_int_equal(find(s, LAW_SECRET_CLIENT_RANDOM, 0xbb).len, 0);
  assert_int_equal(find(s, LAW_SECRET_SERVER_TRAFFIC, 0xaa).len, 0);
  law_pcap_secrets_free(s);
}

static void refuses_what_is_no_key_log(void **state) {
  (void)state;
  char error[LAW_SECRETS_TEXT];
  law_pcap_secrets *s = law_pcap_secrets_new();
  assert_non_null(s);
  assert_false(add(s, "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n", error));
  assert_non_null(strstr(error, "no line of the key log could be read"));
  assert_true(add(s, "", error));
  assert_true(add(s, "# nothing yet\n", error));
  assert_true(add(s, "ECH_SECRET " RANDOM_A " " SECRET "\n", error));
  assert_int_equal(law_pcap_secrets_count(s), 0);
  assert_int_equal(find(s, LAW_SECRET_CLIENT_RANDOM, 0xaa).len, 0);
  law_pcap_secrets_free(s);
}

static void grows_and_keeps_the_first(void **state) {
  (void)state;
  char error[LAW_SECRETS_TEXT];
  char line[256];
  uint8_t random[LAW_SECRETS_RANDOM] = {0};
  law_pcap_secrets *s = law_pcap_secrets_new();
  assert_non_null(s);
  for (unsigned i = 0; i < 5000; i++) {
    (void)snprintf(line, sizeof line, "CLIENT_TRAFFIC_SECRET_0 %08x%056x %064x\n", i, 0u, i);
    assert_true(add(s, line, error));
    (void)snprintf(line, sizeof line, "CLIENT_TRAFFIC_SECRET_0 %08x%056x %064x\n", i, 0u, i + 1);
    assert_true(add(s, line, error));
  }
  assert_int_equal(law_pcap_secrets_count(s), 5000);
  for (unsigned i = 0; i < 5000; i++) {
    random[2] = (uint8_t)(i >> 8);
    random[3] = (uint8_t)i;
    law_bytes secret = law_pcap_secrets_find(s, LAW_SECRET_CLIENT_TRAFFIC, random);
    assert_int_equal(secret.len, 32);
    assert_int_equal(secret.data[30] << 8 | secret.data[31], i);
  }
  law_pcap_secrets_free(s);
}

static void knows_pre_shared_keys(void **state) {
  (void)state;
  uint8_t big[LAW_PSK_MAX + 1] = {1};
  law_bytes none = law_bytes_of(NULL, 0);
  law_pcap_secrets *s = law_pcap_secrets_new();
  assert_non_null(s);
  assert_int_equal(law_pcap_secrets_psk(s, law_bytes_of("a", 1)).len, 0);
  assert_true(law_pcap_secrets_add_psk(s, law_bytes_of("a", 1), law_bytes_of("key", 3)));
  assert_int_equal(law_pcap_secrets_psk(s, law_bytes_of("a", 1)).len, 3);
  assert_int_equal(law_pcap_secrets_psk(s, law_bytes_of("b", 1)).len, 0);
  assert_true(law_pcap_secrets_add_psk(s, none, law_bytes_of("other", 5)));
  assert_int_equal(law_pcap_secrets_psk(s, law_bytes_of("a", 1)).len, 3);
  assert_int_equal(law_pcap_secrets_psk(s, law_bytes_of("b", 1)).len, 5);
  assert_int_equal(law_pcap_secrets_psk(s, none).len, 5);
  assert_false(law_pcap_secrets_add_psk(s, none, none));
  assert_false(law_pcap_secrets_add_psk(s, none, law_bytes_of(big, sizeof big)));
  assert_true(law_pcap_secrets_add_psk(s, none, law_bytes_of(big, LAW_PSK_MAX)));
  assert_int_equal(law_pcap_secrets_count(s), 3);
  law_pcap_secrets_free(s);
}

/* ---- Keys ---- */

static void expect_hex(const uint8_t *bytes, const char *hex) {
  char text[2 * LAW_TLS_HASH_MAX + 1];
  for (size_t i = 0; 2 * i < strlen(hex); i++) {
    (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
  }
  assert_string_equal(text, hex);
}

static void from_hex(uint8_t *out, const char *hex) {
  for (size_t i = 0; i < strlen(hex) / 2; i++) {
    unsigned byte;
    assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
    out[i] = (uint8_t)byte;
  }
}

/* RFC 8448, section 3: "derive read/write traffic keys for application data". */
static void derives_the_keys_of_rfc8448(void **state) {
  (void)state;
  const law_tls_suite *suite = law_tls_suite_of(0x1301);
  uint8_t secret[32];
  law_tls_keys keys;
  from_hex(secret, RFC8448_CLIENT_TRAFFIC);
  assert_true(law_tls_traffic_keys(suite, &keys, law_bytes_of(secret, sizeof secret)));
  expect_hex(keys.key, RFC8448_CLIENT_KEY);
  expect_hex(keys.iv, RFC8448_CLIENT_IV);
  from_hex(secret, RFC8448_SERVER_TRAFFIC);
  assert_true(law_tls_traffic_keys(suite, &keys, law_bytes_of(secret, sizeof secret)));
  expect_hex(keys.key, RFC8448_SERVER_KEY);
  expect_hex(keys.iv, RFC8448_SERVER_IV);
}

static void knows_suites_by_number(void **state) {
  (void)state;
  size_t num = 0;
  for (unsigned id = 0; id <= UINT16_MAX; id++) {
    const law_tls_suite *suite = law_tls_suite_of((uint16_t)id);
    if (suite) {
      assert_int_equal(suite->id, id);
      num++;
    }
  }
  assert_true(num > 100);
  assert_null(law_tls_suite_of(0x0a0a));
  assert_string_equal(law_tls_suite_of(0xc0a8)->kind->name, "AES-128-CCM");
  assert_int_equal(law_tls_suite_of(0xc0a8)->kind->tag_len, 8);
  assert_int_equal(law_tls_suite_of(0xc0a8)->exchange, LAW_TLS_EXCHANGE_PSK);
  assert_int_equal(law_tls_suite_mac_len(law_tls_suite_of(0xc0a8)), 0);
  assert_int_equal(law_tls_suite_mac_len(law_tls_suite_of(0xc028)), 48);
  assert_int_equal(law_tls_suite_prf(law_tls_suite_of(0x002f)), LAW_TLS_SHA256);
}

/* TLS_RSA_WITH_3DES_EDE_CBC_SHA, which OpenSSL itself no longer offers: a record put together as
 * RFC 5246, 6.2.3.2 says. */
static void opens_3des(void **state) {
  (void)state;
  static const uint8_t counted[] = {0, 0, 0, 0, 0,   0,   0,   5,   23,
                                    3, 3, 0, 5, 'h', 'e', 'l', 'l', 'o'};
  law_tls_keys keys = {.key = "0123456789abcdef01234567", .mac = "a key of twenty byte"};
  uint8_t text[32];
  uint8_t fragment[40] = "the iv:";
  uint8_t out[LAW_TLS_FRAGMENT_MAX];
  size_t out_len = 0;
  int len = 0;
  memset(text, 6, sizeof text); /* seven bytes of padding at its end */
  memcpy(text, counted + 13, 5);
  assert_non_null(HMAC(EVP_sha1(), keys.mac, 20, counted, sizeof counted, text + 5, NULL));
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
  assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_des_ede3_cbc(), NULL, keys.key, fragment), 1);
  assert_int_equal(EVP_CIPHER_CTX_set_padding(ctx, 0), 1);
  assert_int_equal(EVP_EncryptUpdate(ctx, fragment + 8, &len, text, sizeof text), 1);
  EVP_CIPHER_CTX_free(ctx);
  law_tls_record record = {
      .type = 23, .version = 0x0303, .seq = 5, .fragment = law_bytes_of(fragment, sizeof fragment)};
  law_tls_cipher *cipher = law_tls_cipher_new(law_tls_suite_of(0x000a), &keys, false, false);
  assert_non_null(cipher);
  assert_true(law_tls_cipher_open(cipher, out, &out_len, &record));
  assert_int_equal(out_len, 5);
  assert_memory_equal(out, "hello", 5);
  record.seq = 6;
  assert_false(law_tls_cipher_open(cipher, out, &out_len, &record));
  law_tls_cipher_free(cipher);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_key_logs),
      cmocka_unit_test(refuses_what_is_no_key_log),
      cmocka_unit_test(grows_and_keeps_the_first),
      cmocka_unit_test(knows_pre_shared_keys),
      cmocka_unit_test(derives_the_keys_of_rfc8448),
      cmocka_unit_test(knows_suites_by_number),
      cmocka_unit_test(opens_3des),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
