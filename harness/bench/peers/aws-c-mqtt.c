/* aws-c-mqtt: the packet decoders of its 3.1.1 half, both directions, and its streaming decoder of
 * 5.0, which decodes what a client receives. */
#include <aws/mqtt/private/packets.h>
#include <aws/mqtt/private/v5/mqtt5_decoder.h>

#include "bench/peer.h"

const char bench_peer_name[] = "aws-c-mqtt";
const char bench_peer_checks[] = "lengths, reserved bits, property types";

static int answer(int result) { return result == AWS_OP_SUCCESS ? BENCH_ACCEPTS : BENCH_REFUSES; }

static int decode_connect(struct aws_byte_cursor in) {
  struct aws_mqtt_packet_connect packet;
  int result = aws_mqtt_packet_connect_decode(&in, &packet);
  BENCH_KEEP(&packet);
  return answer(result);
}

static int decode_publish(struct aws_byte_cursor in) {
  struct aws_mqtt_packet_publish packet;
  int result = aws_mqtt_packet_publish_decode(&in, &packet);
  BENCH_KEEP(&packet);
  return answer(result);
}

/* The list of filters is kept from call to call, so that it is not allocated each time. */
static int decode_subscribe(struct aws_byte_cursor in) {
  static struct aws_mqtt_packet_subscribe packet;
  if (packet.topic_filters.alloc == NULL) {
    aws_mqtt_packet_subscribe_init(&packet, aws_default_allocator(), 0);
  }
  aws_array_list_clear(&packet.topic_filters);
  int result = aws_mqtt_packet_subscribe_decode(&in, &packet);
  BENCH_KEEP(&packet);
  return answer(result);
}

static int received(enum aws_mqtt5_packet_type type, void *view, void *user_data) {
  (void)type;
  (void)user_data;
  BENCH_KEEP(view);
  return AWS_OP_SUCCESS;
}

static int decode_5(struct aws_byte_cursor in) {
  static struct aws_mqtt5_decoder decoder;
  if (decoder.allocator == NULL) {
    struct aws_mqtt5_decoder_options options = {.on_packet_received = received};
    aws_mqtt5_decoder_init(&decoder, aws_default_allocator(), &options);
  }
  int result = aws_mqtt5_decoder_on_data_received(&decoder, in);
  if (result != AWS_OP_SUCCESS) {
    aws_mqtt5_decoder_reset(&decoder);
  }
  return answer(result);
}

int bench_peer_decode(const uint8_t *bytes, size_t len, int version) {
  struct aws_byte_cursor in = aws_byte_cursor_from_array(bytes, len);
  int type = bytes[0] >> 4;
  if (version == 5) {
    return type == AWS_MQTT_PACKET_PUBLISH ? decode_5(in) : BENCH_CANNOT;
  }
  switch (type) {
    case AWS_MQTT_PACKET_CONNECT:
      return decode_connect(in);
    case AWS_MQTT_PACKET_PUBLISH:
      return decode_publish(in);
    case AWS_MQTT_PACKET_SUBSCRIBE:
      return decode_subscribe(in);
    default:
      return BENCH_CANNOT;
  }
}
