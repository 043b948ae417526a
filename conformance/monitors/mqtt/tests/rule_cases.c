#include "monitors/mqtt/tests/rule_cases.h"

#define V5(ID, SIDE, BROKEN, VALID) {LAW_R_MQTT5_##ID, "mqtt5", LAW_##SIDE, false, BROKEN, VALID},
#define V311(ID, SIDE, BROKEN, VALID) \
  {LAW_R_MQTT311_##ID, "mqtt311", LAW_##SIDE, false, BROKEN, VALID},
#define V31(ID, SIDE, BROKEN, VALID) \
  {LAW_R_MQTT31_##ID, "mqtt31", LAW_##SIDE, false, BROKEN, VALID},

/* A session that has begun. */
#define UP "C CONNECT client_id=a clean_start=1; S CONNACK;"
#define UP_WITH(connect, connack) \
  "C CONNECT client_id=a clean_start=1 " connect "; S CONNACK " connack ";"
/* The client shows by an answer that it has the CONNACK. */
#define TOLD(connack)                                                                   \
  UP_WITH("", connack)                                                                  \
  "C SUBSCRIBE packet_id=1 f=t qos=1; S SUBACK packet_id=1 r=1;"                        \
  "S PUBLISH topic=t qos=1 packet_id=1; C PUBACK packet_id=1;"

#define W5(ID, BROKEN, VALID) {LAW_R_MQTT5_##ID, "mqtt5", LAW_SERVER, true, BROKEN, VALID},
#define W311(ID, BROKEN, VALID) {LAW_R_MQTT311_##ID, "mqtt311", LAW_SERVER, true, BROKEN, VALID},
#define W31(ID, BROKEN, VALID) {LAW_R_MQTT31_##ID, "mqtt31", LAW_SERVER, true, BROKEN, VALID},

/* Connection 0 publishes, connection 1 subscribes. */
#define PUB "C CONNECT client_id=pub clean_start=1; S CONNACK;"
#define SUB "C1 CONNECT client_id=sub clean_start=1; S1 CONNACK;"
#define SUBSCRIBED(options, code) \
  SUB "C1 SUBSCRIBE packet_id=1 " options "; S1 SUBACK packet_id=1 r=" code ";"

const rule_case rule_cases[] = {
    /* ---- who sends what, and when ---- */
    V5(2_1_2_DIRECTION, SERVER, UP "!S PINGREQ;", UP "C PINGREQ; S PINGRESP;")
    V5(2_1_2_DIRECTION, SERVER, UP "!S SUBSCRIBE packet_id=1 f=a;", UP "S PUBLISH topic=a;")
    V5(2_1_2_DIRECTION, CLIENT, UP "!C PINGRESP;", UP "C PINGREQ;")
    V5(2_1_2_DIRECTION, CLIENT, "C CONNECT client_id=a clean_start=1; !C CONNACK;", UP)
    V311(2_2_1_DIRECTION, SERVER, UP "!S DISCONNECT;", UP "C DISCONNECT;")
    V311(2_2_1_DIRECTION, CLIENT, UP "!C SUBACK packet_id=1 r=0;", UP)
    V5(3_1_0_1, CLIENT, "!C PINGREQ;", UP "C PINGREQ;")
    V5(3_1_0_1, CLIENT, "!C PUBLISH topic=a; C CONNECT client_id=a;", "C CONNECT client_id=a; C "
    "PUBLISH topic=a;")
    V311(3_1_0_1, CLIENT, "!C PUBLISH topic=a;", UP "C PUBLISH topic=a;")
    V31(CONNECT_FIRST, CLIENT, "!C PUBLISH topic=a;", UP "C PUBLISH topic=a;")
    V5(3_1_0_2, CLIENT, UP "!C CONNECT client_id=a;", UP)
    V311(3_1_0_2, CLIENT, UP "!C CONNECT client_id=a clean_start=1;", UP)
    V5(3_2_0_1, SERVER, "C CONNECT client_id=a clean_start=1; C PINGREQ; !S PINGRESP;",
       "C CONNECT client_id=a clean_start=1; C PINGREQ; S CONNACK; S PINGRESP;")
    V5(3_2_0_1, SERVER, "!S PUBLISH topic=a;", UP "S PUBLISH topic=a;")
    V5(3_2_0_1, SERVER,
       "C CONNECT client_id=a clean_start=1; C PINGREQ; S CONNACK reason=0x87; !S PINGRESP;",
       "C CONNECT client_id=a clean_start=1; C PINGREQ; S CONNACK reason=0x87; S close;")
    V311(3_2_0_1, SERVER, "C CONNECT client_id=a clean_start=1; !S PUBLISH topic=a;",
         UP "S PUBLISH topic=a;")
    V5(3_2_0_2, SERVER, UP "!S CONNACK;", UP)
    V5(3_2_0_2, SERVER, UP "C CONNECT client_id=a clean_start=1; !S CONNACK;", UP "S close;")
    V311(3_2_IN_RESPONSE, SERVER, UP "!S CONNACK;", UP)
    V311(3_2_IN_RESPONSE, SERVER, "!S CONNACK;", "S close;")
    V311(3_2_2_5, SERVER,
         "C CONNECT client_id=a clean_start=1; C PINGREQ; S CONNACK reason=5; !S PINGRESP;",
         "C CONNECT client_id=a clean_start=1; C PINGREQ; S CONNACK reason=5; S close;")
    V5(3_14_0_1, SERVER, "C CONNECT client_id=a clean_start=1; !S DISCONNECT reason=0x82;",
       UP "S DISCONNECT reason=0x82;")
    V5(3_14_0_1, SERVER,
       "C CONNECT client_id=a clean_start=1; S CONNACK reason=0x87; !S DISCONNECT reason=0x87;",
       "C CONNECT client_id=a clean_start=1; S CONNACK reason=0x87; S close;")
    V5(3_14_4_1, CLIENT, UP "C DISCONNECT; !C PINGREQ;", UP "C PINGREQ; C DISCONNECT;")
    V5(3_14_4_1, SERVER, UP "S DISCONNECT reason=0x8b; !S PUBLISH topic=a;",
       UP "S PUBLISH topic=a; S DISCONNECT reason=0x8b; C PINGREQ;")
    V311(3_14_4_2, CLIENT, UP "C DISCONNECT; !C PUBLISH topic=a;",
         UP "C DISCONNECT; S PUBLISH topic=a; C close;")
    V5(3_1_2_30, CLIENT,
       "C CONNECT client_id=a clean_start=1 .authentication_method=m; !C PINGREQ;",
       "C CONNECT client_id=a clean_start=1 .authentication_method=m; C AUTH reason=0x18 "
       ".authentication_method=m; S CONNACK .authentication_method=m; C PINGREQ;")
    /* ---- CONNACK ---- */
    V5(3_2_2_2, SERVER, "C CONNECT client_id=a clean_start=1; !S CONNACK session_present=1;", UP)
    V311(3_2_2_1, SERVER, "C CONNECT client_id=a clean_start=1; !S CONNACK session_present=1;",
         "C CONNECT client_id=a; S CONNACK session_present=1;")
    V5(3_1_2_28, SERVER, "C CONNECT client_id=a; !S CONNACK .response_information=x;",
       "C CONNECT client_id=a .request_response_information=1; S CONNACK .response_information=x;")
    V5(3_2_2_16, SERVER, "C CONNECT clean_start=1; !S CONNACK;",
       "C CONNECT clean_start=1; S CONNACK .assigned_client_identifier=x;")
    V5(4_12_0_6, SERVER, "C CONNECT client_id=a; !S CONNACK .authentication_method=m;",
       "C CONNECT client_id=a .authentication_method=m; S CONNACK .authentication_method=m;")
    V5(4_12_0_5, SERVER,
       "C CONNECT client_id=a .authentication_method=m; !S CONNACK .authentication_method=n;",
       "C CONNECT client_id=a .authentication_method=m; S CONNACK reason=0x8c;")
    V5(4_12_0_5, SERVER, "C CONNECT client_id=a .authentication_method=m; !S CONNACK;",
       "C CONNECT client_id=a .authentication_method=m; S CONNACK .authentication_method=m;")
    /* ---- sent by one side only ---- */
    V5(3_4_2_1_SERVER_ONLY, CLIENT,
       UP "S PUBLISH topic=a qos=1 packet_id=1; !C PUBACK packet_id=1 reason=0x10;",
       UP "C PUBLISH topic=a qos=1 packet_id=1; S PUBACK packet_id=1 reason=0x10;")
    V5(3_5_2_1_SERVER_ONLY, CLIENT,
       UP "S PUBLISH topic=a qos=2 packet_id=1; !C PUBREC packet_id=1 reason=0x10;",
       UP "C PUBLISH topic=a qos=2 packet_id=1; S PUBREC packet_id=1 reason=0x10;")
    V5(3_14_2_1_SENT_BY, CLIENT, UP "!C DISCONNECT reason=0x8b;", UP "S DISCONNECT reason=0x8b;")
    V5(3_14_2_1_SENT_BY, SERVER, UP "!S DISCONNECT reason=0x04;", UP "C DISCONNECT reason=0x04;")
    V5(3_14_2_2, SERVER, UP "!S DISCONNECT .session_expiry_interval=5;",
       "C CONNECT client_id=a clean_start=1 .session_expiry_interval=9; S CONNACK; C DISCONNECT "
       ".session_expiry_interval=5;")
    V5(3_14_2_2_2_RAISED, CLIENT, UP "!C DISCONNECT .session_expiry_interval=5;",
       UP "C DISCONNECT .session_expiry_interval=0;")
    V5(3_15_2_1_SENT_BY, CLIENT,
       "C CONNECT client_id=a .authentication_method=m; S CONNACK .authentication_method=m;"
       "!C AUTH reason=0x00 .authentication_method=m;",
       "C CONNECT client_id=a .authentication_method=m; S CONNACK .authentication_method=m;"
       "C AUTH reason=0x19 .authentication_method=m; S AUTH reason=0x00 .authentication_method=m;")
    V5(3_15_2_1_SENT_BY, SERVER,
       "C CONNECT client_id=a .authentication_method=m; S CONNACK .authentication_method=m;"
       "!S AUTH reason=0x19 .authentication_method=m;",
       "C CONNECT client_id=a .authentication_method=m; S CONNACK .authentication_method=m;")
    V5(3_3_4_6, CLIENT, UP "!C PUBLISH topic=a .subscription_identifier=1;",
       UP "C SUBSCRIBE packet_id=1 .subscription_identifier=1 f=a; S PUBLISH topic=a "
          ".subscription_identifier=1; S SUBACK packet_id=1 r=0;")
    /* ---- enhanced authentication ---- */
    V5(4_12_0_6, SERVER, "C CONNECT client_id=a; !S AUTH reason=0x18 .authentication_method=m;",
       "C CONNECT client_id=a .authentication_method=m; S AUTH reason=0x18 "
       ".authentication_method=m;")
    V5(4_12_0_7, CLIENT, UP "!C AUTH reason=0x19 .authentication_method=m;",
       UP_WITH(".authentication_method=m", ".authentication_method=m")
       "C AUTH reason=0x19 .authentication_method=m;")
    V5(4_12_0_2, SERVER,
       "C CONNECT client_id=a .authentication_method=m; !S AUTH reason=0x00 "
       ".authentication_method=m;",
       "C CONNECT client_id=a .authentication_method=m; S AUTH reason=0x18 "
       ".authentication_method=m; C AUTH reason=0x18 .authentication_method=m; S CONNACK "
       ".authentication_method=m;")
    V5(4_12_0_3, CLIENT,
       "C CONNECT client_id=a .authentication_method=m; S AUTH reason=0x18 "
       ".authentication_method=m; !C AUTH reason=0x19 .authentication_method=m;",
       "C CONNECT client_id=a .authentication_method=m; S AUTH reason=0x18 "
       ".authentication_method=m; C AUTH reason=0x18 .authentication_method=m;")
    V5(4_12_0_5, CLIENT,
       "C CONNECT client_id=a .authentication_method=m; S AUTH reason=0x18 "
       ".authentication_method=m; !C AUTH reason=0x18 .authentication_method=n;",
       "C CONNECT client_id=a .authentication_method=m; S AUTH reason=0x18 "
       ".authentication_method=m; C DISCONNECT;")
    V5(4_12_1_1, CLIENT,
       UP_WITH(".authentication_method=m", ".authentication_method=m")
       "!C AUTH reason=0x19 .authentication_method=n;",
       UP_WITH(".authentication_method=m", ".authentication_method=m")
       "C AUTH reason=0x19 .authentication_method=m;")
    /* ---- packet identifiers ---- */
    V5(2_2_1_3, CLIENT,
       UP "C PUBLISH topic=a qos=1 packet_id=7; !C PUBLISH topic=b qos=1 packet_id=7;",
       UP "C PUBLISH topic=a qos=1 packet_id=7; S PUBACK packet_id=7; C PUBLISH topic=b qos=1 "
          "packet_id=7;")
    V5(2_2_1_3, CLIENT,
       UP "C SUBSCRIBE packet_id=7 f=a; !C PUBLISH topic=b qos=1 packet_id=7;",
       UP "C SUBSCRIBE packet_id=7 f=a; S SUBACK packet_id=7 r=0; C PUBLISH topic=b qos=1 "
          "packet_id=7;")
    V5(2_2_1_3, CLIENT, UP "C SUBSCRIBE packet_id=7 f=a; !C UNSUBSCRIBE packet_id=7 f=a;",
       UP "C SUBSCRIBE packet_id=7 f=a; C UNSUBSCRIBE packet_id=8 f=a;")
    V5(2_2_1_3, CLIENT,
       UP "C PUBLISH topic=a qos=2 packet_id=7; S PUBREC packet_id=7; C PUBREL packet_id=7;"
          "!C PUBLISH topic=b qos=2 packet_id=7;",
       UP "C PUBLISH topic=a qos=2 packet_id=7; S PUBREC packet_id=7 reason=0x80;"
          "C PUBLISH topic=b qos=2 packet_id=7;")
    V5(2_2_1_4, SERVER,
       UP "S PUBLISH topic=a qos=1 packet_id=7; !S PUBLISH topic=b qos=1 packet_id=7;",
       UP "S PUBLISH topic=a qos=1 packet_id=7; C PUBACK packet_id=7; S PUBLISH topic=b qos=1 "
          "packet_id=7; C PUBLISH topic=x qos=1 packet_id=7;")
    V311(2_3_1_2, CLIENT,
         UP "C PUBLISH topic=a qos=1 packet_id=7; !C PUBLISH topic=b qos=1 packet_id=7;",
         UP "C PUBLISH topic=a qos=1 packet_id=7; C PUBLISH topic=a qos=1 packet_id=7 dup=1;")
    V311(2_3_1_2, CLIENT, UP "C SUBSCRIBE packet_id=7 f=a; !C SUBSCRIBE packet_id=7 f=b;",
         UP "C SUBSCRIBE packet_id=7 f=a; C SUBSCRIBE packet_id=7 f=a; S SUBACK packet_id=7 r=0; S "
            "SUBACK packet_id=7 r=0;")
    V311(2_3_1_4, SERVER,
         UP "S PUBLISH topic=a qos=2 packet_id=7; C PUBREC packet_id=7; !S PUBLISH topic=b qos=1 "
            "packet_id=7;",
         UP "S PUBLISH topic=a qos=2 packet_id=7; C PUBREC packet_id=7; S PUBLISH topic=a qos=2 "
            "packet_id=7 dup=1; S PUBREL packet_id=7;")
    V31(MESSAGE_IDENTIFIERS_UNIQUE, CLIENT,
        UP "C PUBLISH topic=a qos=1 packet_id=7; !C PUBLISH topic=b qos=1 packet_id=7;",
        UP "C PUBLISH topic=a qos=1 packet_id=7; C PUBLISH topic=a qos=1 packet_id=7 dup=1;")
    V5(4_3_2_2, CLIENT, UP "!C PUBLISH topic=a qos=1 packet_id=7 dup=1;",
       "C CONNECT client_id=a; S CONNACK session_present=1; C PUBLISH topic=a qos=1 packet_id=7 "
       "dup=1;")
    V5(4_3_3_2, SERVER, UP "!S PUBLISH topic=a qos=2 packet_id=7 dup=1;",
       "C CONNECT client_id=a; S CONNACK session_present=1; S PUBLISH topic=a qos=2 packet_id=7 "
       "dup=1;")
    V5(4_3_2_2, SERVER,
       "C CONNECT client_id=a; S CONNACK; !S PUBLISH topic=a qos=1 packet_id=7 dup=1;",
       "C CONNECT client_id=a; S CONNACK; S PUBLISH topic=a qos=1 packet_id=7;")
    V311(4_3_2_1, CLIENT, UP "!C PUBLISH topic=a qos=1 packet_id=7 dup=1;",
         UP "C PUBLISH topic=a qos=1 packet_id=7; S PUBACK packet_id=7; C PUBLISH topic=a qos=1 "
            "packet_id=7 dup=1;")
    V311(4_3_3_1, CLIENT, UP "!C PUBLISH topic=a qos=2 packet_id=7 dup=1;",
         UP "C PUBLISH topic=a qos=2 packet_id=7;")
    V5(4_4_0_1, CLIENT,
       UP "C PUBLISH topic=a qos=1 packet_id=7; !C PUBLISH topic=a qos=1 packet_id=7 dup=1;",
       UP "C PUBLISH topic=a qos=1 packet_id=7;")
    V5(4_4_0_1, SERVER,
       UP "S PUBLISH topic=a qos=2 packet_id=7; C PUBREC packet_id=7; S PUBREL packet_id=7; !S "
          "PUBREL packet_id=7;",
       UP "S PUBLISH topic=a qos=2 packet_id=7; C PUBREC packet_id=7; S PUBREL packet_id=7;")
    V5(4_3_3_6, CLIENT,
       UP "C PUBLISH topic=a qos=2 packet_id=7; S PUBREC packet_id=7; C PUBREL packet_id=7;"
          "!C PUBLISH topic=a qos=2 packet_id=7 dup=1;",
       UP "C PUBLISH topic=a qos=2 packet_id=7; S PUBREC packet_id=7; C PUBREL packet_id=7; S "
          "PUBCOMP packet_id=7; C PUBLISH topic=a qos=2 packet_id=7;")
    V311(4_3_3_NO_PUBLISH_AFTER_PUBREL, SERVER,
         UP "S PUBLISH topic=a qos=2 packet_id=7; C PUBREC packet_id=7; S PUBREL packet_id=7;"
            "!S PUBLISH topic=a qos=2 packet_id=7 dup=1;",
         UP "S PUBLISH topic=a qos=2 packet_id=7; C PUBREC packet_id=7; S PUBREL packet_id=7; S "
            "PUBREL packet_id=7;")
    /* ---- answers ---- */
    V5(3_4_IN_RESPONSE, SERVER, UP "!S PUBACK packet_id=1;",
       UP "C PUBLISH topic=a qos=1 packet_id=1; S PUBACK packet_id=1;")
    V5(3_4_IN_RESPONSE, SERVER,
       UP "C PUBLISH topic=a qos=1 packet_id=1; S PUBACK packet_id=1; !S PUBACK packet_id=1;",
       UP "C PUBLISH topic=a qos=1 packet_id=1; S PUBACK packet_id=1; C PUBLISH topic=a qos=1 "
          "packet_id=1; S PUBACK packet_id=1;")
    V5(3_4_IN_RESPONSE, CLIENT, UP "S PUBLISH topic=a; !C PUBACK packet_id=1;",
       UP "S PUBLISH topic=a qos=1 packet_id=1; C PUBACK packet_id=1;")
    V5(2_2_1_5, SERVER, UP "C PUBLISH topic=a qos=1 packet_id=1; !S PUBACK packet_id=2;",
       UP "C PUBLISH topic=a qos=1 packet_id=1; S PUBACK packet_id=1;")
    V311(2_3_1_6, SERVER, UP "C PUBLISH topic=a qos=1 packet_id=1; !S PUBACK packet_id=2;",
         UP "C PUBLISH topic=a qos=1 packet_id=1; S PUBACK packet_id=1;")
    V5(3_5_IN_RESPONSE, SERVER, UP "!S PUBREC packet_id=1;",
       UP "C PUBLISH topic=a qos=2 packet_id=1; S PUBREC packet_id=1;")
    V5(3_5_IN_RESPONSE, CLIENT,
       UP "S PUBLISH topic=a qos=2 packet_id=1; C PUBREC packet_id=1; !C PUBREC packet_id=1;",
       UP "S PUBLISH topic=a qos=2 packet_id=1; C PUBREC packet_id=1; S PUBREL packet_id=1; C "
          "PUBCOMP packet_id=1;")
    V5(2_2_1_5, SERVER, UP "C PUBLISH topic=a qos=2 packet_id=1; !S PUBREC packet_id=2;",
       UP "C PUBLISH topic=a qos=2 packet_id=1; S PUBREC packet_id=1;")
    V5(3_3_4_1, SERVER, UP "C PUBLISH topic=a qos=2 packet_id=1; !S PUBACK packet_id=1;",
       UP "C PUBLISH topic=a qos=2 packet_id=1; S PUBREC packet_id=1;")
    V5(3_3_4_1, CLIENT, UP "S PUBLISH topic=a qos=1 packet_id=1; !C PUBREC packet_id=1;",
       UP "S PUBLISH topic=a qos=1 packet_id=1; C PUBACK packet_id=1;")
    V311(3_3_4_1, SERVER, UP "C PUBLISH topic=a qos=1 packet_id=1; !S PUBREC packet_id=1;",
         UP "C PUBLISH topic=a qos=1 packet_id=1; S PUBACK packet_id=1;")
    V31(PUBLISH_RESPONSE, SERVER, UP "C PUBLISH topic=a qos=1 packet_id=1; !S PUBREC packet_id=1;",
        UP "C PUBLISH topic=a qos=1 packet_id=1; S PUBACK packet_id=1;")
    V5(3_6_IN_RESPONSE, CLIENT, UP "C PUBLISH topic=a qos=2 packet_id=1; !C PUBREL packet_id=1;",
       UP "C PUBLISH topic=a qos=2 packet_id=1; S PUBREC packet_id=1; C PUBREL packet_id=1;")
    V5(3_6_IN_RESPONSE, SERVER, UP "!S PUBREL packet_id=1;",
       "C CONNECT client_id=a; S CONNACK session_present=1; S PUBREL packet_id=1; C PUBCOMP "
       "packet_id=1;")
    V311(3_6_IN_RESPONSE, CLIENT, UP "C PUBLISH topic=a qos=2 packet_id=1; !C PUBREL packet_id=1;",
         "C CONNECT client_id=a; C PUBREL packet_id=1; S CONNACK session_present=1; S PUBCOMP "
         "packet_id=1;")
    V5(3_7_IN_RESPONSE, SERVER, UP "!S PUBCOMP packet_id=1;",
       UP "C PUBLISH topic=a qos=2 packet_id=1; S PUBREC packet_id=1; C PUBREL packet_id=1; S "
          "PUBCOMP packet_id=1;")
    V5(2_2_1_5, SERVER,
       UP "C PUBLISH topic=a qos=2 packet_id=1; S PUBREC packet_id=1; C PUBREL packet_id=1; !S "
          "PUBCOMP packet_id=2;",
       UP "C PUBLISH topic=a qos=2 packet_id=1; S PUBREC packet_id=1; C PUBREL packet_id=1;")
    V311(3_7_IN_RESPONSE, CLIENT,
         UP "S PUBLISH topic=a qos=2 packet_id=1; C PUBREC packet_id=1; !C PUBCOMP packet_id=1;",
         UP "S PUBLISH topic=a qos=2 packet_id=1; C PUBREC packet_id=1; S PUBREL packet_id=1; C "
            "PUBCOMP packet_id=1;")
    V311(3_7_2_PACKET_ID, SERVER,
         UP "C PUBLISH topic=a qos=2 packet_id=1; S PUBREC packet_id=1; C PUBREL packet_id=1; !S "
            "PUBCOMP packet_id=2;",
         UP "C PUBLISH topic=a qos=2 packet_id=1; S PUBREC packet_id=1; C PUBREL packet_id=1; C "
            "PUBREL packet_id=1; S PUBCOMP packet_id=1; S PUBCOMP packet_id=1;")
    V5(3_9_IN_RESPONSE, SERVER, UP "!S SUBACK packet_id=1 r=0;",
       UP "C SUBSCRIBE packet_id=1 f=a; S SUBACK packet_id=1 r=0;")
    V5(3_9_IN_RESPONSE, SERVER,
       UP "C SUBSCRIBE packet_id=1 f=a; S SUBACK packet_id=1 r=0; !S SUBACK packet_id=1 r=0;",
       UP "C SUBSCRIBE packet_id=1 f=a; C SUBSCRIBE packet_id=2 f=b; S SUBACK packet_id=2 r=0; S "
          "SUBACK packet_id=1 r=0;")
    V5(3_8_4_2, SERVER, UP "C SUBSCRIBE packet_id=1 f=a; !S SUBACK packet_id=2 r=0;",
       UP "C SUBSCRIBE packet_id=1 f=a; S SUBACK packet_id=1 r=0;")
    V311(3_8_4_2, SERVER, UP "C SUBSCRIBE packet_id=1 f=a; !S SUBACK packet_id=2 r=0;",
         UP "C SUBSCRIBE packet_id=1 f=a; S SUBACK packet_id=1 r=0;")
    V311(2_3_1_7, SERVER, UP "!S SUBACK packet_id=2 r=0;", UP)
    V5(3_8_4_6, SERVER, UP "C SUBSCRIBE packet_id=1 f=a f=b; !S SUBACK packet_id=1 r=0;",
       UP "C SUBSCRIBE packet_id=1 f=a f=b; S SUBACK packet_id=1 r=0 r=0x80;")
    V311(3_8_4_5, SERVER, UP "C SUBSCRIBE packet_id=1 f=a; !S SUBACK packet_id=1 r=0 r=0;",
         UP "C SUBSCRIBE packet_id=1 f=a f=b; S SUBACK packet_id=1 r=0 r=0;")
    V31(SUBACK_ORDER, SERVER, UP "C SUBSCRIBE packet_id=1 f=a; !S SUBACK packet_id=1 r=0 r=0;",
        UP "C SUBSCRIBE packet_id=1 f=a f=b; S SUBACK packet_id=1 r=0 r=0;")
    V5(3_11_IN_RESPONSE, SERVER, UP "!S UNSUBACK packet_id=1 r=0;",
       UP "C UNSUBSCRIBE packet_id=1 f=a; S UNSUBACK packet_id=1 r=0x11;")
    V5(3_10_4_PACKET_ID, SERVER, UP "C UNSUBSCRIBE packet_id=1 f=a; !S UNSUBACK packet_id=2 r=0;",
       UP "C UNSUBSCRIBE packet_id=1 f=a; S UNSUBACK packet_id=1 r=0;")
    V311(3_10_4_4, SERVER, UP "C UNSUBSCRIBE packet_id=1 f=a; !S UNSUBACK packet_id=2;",
         UP "C UNSUBSCRIBE packet_id=1 f=a; S UNSUBACK packet_id=1;")
    V5(3_11_3_1, SERVER, UP "C UNSUBSCRIBE packet_id=1 f=a f=b; !S UNSUBACK packet_id=1 r=0;",
       UP "C UNSUBSCRIBE packet_id=1 f=a f=b; S UNSUBACK packet_id=1 r=0 r=0;")
    V5(3_13_SOLICITED, SERVER, UP "C PINGREQ; S PINGRESP; !S PINGRESP;",
       UP "C PINGREQ; C PINGREQ; S PINGRESP; S PINGRESP;")
    V311(3_13_IN_RESPONSE, SERVER, UP "!S PINGRESP;", UP "C PINGREQ; S PINGRESP;")
    /* ---- a client's order ---- */
    V5(4_6_0_2, CLIENT,
       UP "S PUBLISH topic=a qos=1 packet_id=1; S PUBLISH topic=a qos=1 packet_id=2;"
          "C PUBACK packet_id=2; !C PUBACK packet_id=1;",
       UP "S PUBLISH topic=a qos=1 packet_id=2; S PUBLISH topic=a qos=2 packet_id=1; C PUBREC "
          "packet_id=1; C PUBACK packet_id=2;")
    V5(4_6_0_3, CLIENT,
       UP "S PUBLISH topic=a qos=2 packet_id=1; S PUBLISH topic=a qos=2 packet_id=2;"
          "C PUBREC packet_id=2; !C PUBREC packet_id=1;",
       UP "S PUBLISH topic=a qos=2 packet_id=1; S PUBLISH topic=a qos=2 packet_id=2; C PUBREC "
          "packet_id=1; C PUBREC packet_id=2;")
    V5(4_6_0_4, CLIENT,
       UP "C PUBLISH topic=a qos=2 packet_id=1; C PUBLISH topic=a qos=2 packet_id=2;"
          "S PUBREC packet_id=2; S PUBREC packet_id=1; C PUBREL packet_id=1; !C PUBREL "
          "packet_id=2;",
       UP "C PUBLISH topic=a qos=2 packet_id=1; C PUBLISH topic=a qos=2 packet_id=2; S PUBREC "
          "packet_id=2; S PUBREC packet_id=1; C PUBREL packet_id=2; C PUBREL packet_id=1;")
    V311(4_6_0_2, CLIENT,
         UP "S PUBLISH topic=a qos=1 packet_id=1; S PUBLISH topic=a qos=1 packet_id=2;"
            "C PUBACK packet_id=2; !C PUBACK packet_id=1;",
         UP "S PUBLISH topic=a qos=1 packet_id=1; S PUBLISH topic=a qos=1 packet_id=2; C PUBACK "
            "packet_id=1; C PUBACK packet_id=2;")
    V311(4_6_0_3, CLIENT,
         UP "S PUBLISH topic=a qos=2 packet_id=1; S PUBLISH topic=a qos=2 packet_id=2;"
            "C PUBREC packet_id=2; !C PUBREC packet_id=1;",
         UP "C PUBLISH topic=a qos=2 packet_id=1; C PUBLISH topic=a qos=2 packet_id=2;"
            "S PUBREC packet_id=2; S PUBREC packet_id=1;")
    V311(4_6_0_4, CLIENT,
         UP "C PUBLISH topic=a qos=2 packet_id=1; C PUBLISH topic=a qos=2 packet_id=2;"
            "S PUBREC packet_id=1; S PUBREC packet_id=2; C PUBREL packet_id=2; !C PUBREL "
            "packet_id=1;",
         UP "C PUBLISH topic=a qos=2 packet_id=1; C PUBLISH topic=a qos=2 packet_id=2;"
            "S PUBREC packet_id=1; C PUBREL packet_id=1; S PUBREC packet_id=2; C PUBREL "
            "packet_id=2;")
    /* ---- announced limits ---- */
    V5(3_3_4_9, SERVER,
       UP_WITH(".receive_maximum=1", "")
       "S PUBLISH topic=a qos=1 packet_id=1; !S PUBLISH topic=a qos=1 packet_id=2;",
       UP_WITH(".receive_maximum=1", "")
       "S PUBLISH topic=a qos=1 packet_id=1; C PUBACK packet_id=1; S PUBLISH topic=a qos=1 "
       "packet_id=2; S PUBLISH topic=a;")
    V5(3_3_4_9, SERVER,
       UP_WITH(".receive_maximum=1", "")
       "S PUBLISH topic=a qos=2 packet_id=1; C PUBREC packet_id=1; S PUBREL packet_id=1; !S "
       "PUBLISH topic=a qos=1 packet_id=2;",
       UP_WITH(".receive_maximum=1", "")
       "S PUBLISH topic=a qos=2 packet_id=1; C PUBREC packet_id=1 reason=0x80; S PUBLISH topic=a "
       "qos=1 packet_id=2;")
    V5(3_3_4_7, CLIENT,
       TOLD(".receive_maximum=1")
       "C PUBLISH topic=a qos=1 packet_id=1; !C PUBLISH topic=a qos=1 packet_id=2;",
       UP_WITH("", ".receive_maximum=1")
       "C PUBLISH topic=a qos=1 packet_id=1; C PUBLISH topic=a qos=1 packet_id=2;")
    V5(3_1_2_24, SERVER, UP_WITH(".maximum_packet_size=20", "") "!S PUBLISH topic=a "
    "payload=0123456789abcdef;",
       UP_WITH(".maximum_packet_size=20", "") "S PUBLISH topic=a payload=0123456789abcd;")
    V5(3_2_2_15, CLIENT, TOLD(".maximum_packet_size=20") "!C PUBLISH topic=a "
    "payload=0123456789abcdef;",
       UP_WITH("", ".maximum_packet_size=20") "C PUBLISH topic=a payload=0123456789abcdef;")
    V5(3_2_2_19, SERVER,
       "C CONNECT client_id=a clean_start=1 .maximum_packet_size=20; !S CONNACK "
       ".reason_string=0123456789abcdef;",
       "C CONNECT client_id=a clean_start=1 .maximum_packet_size=25; S CONNACK "
       ".reason_string=0123456789abcdef;")
    V5(3_2_2_20, SERVER,
       "C CONNECT client_id=a clean_start=1 .maximum_packet_size=20; !S CONNACK "
       ".user_property=01234567:89abcdef;",
       UP)
    V5(3_4_2_2, SERVER,
       UP_WITH(".maximum_packet_size=20", "")
       "C PUBLISH topic=a qos=1 packet_id=1; !S PUBACK packet_id=1 "
       ".reason_string=0123456789abcdef;",
       UP_WITH(".maximum_packet_size=20", "")
       "C PUBLISH topic=a qos=1 packet_id=1; S PUBACK packet_id=1 .reason_string=01234567;")
    V5(3_4_2_3, CLIENT,
       TOLD(".maximum_packet_size=20")
       "S PUBLISH topic=a qos=1 packet_id=1; !C PUBACK packet_id=1 "
       ".user_property=01234567:89abcdef;",
       TOLD(".maximum_packet_size=20")
       "S PUBLISH topic=a qos=1 packet_id=1; C PUBACK packet_id=1 .user_property=0123:4567;")
    V5(3_5_2_2, SERVER,
       UP_WITH(".maximum_packet_size=20", "")
       "C PUBLISH topic=a qos=2 packet_id=1; !S PUBREC packet_id=1 "
       ".reason_string=0123456789abcdef;",
       UP)
    V5(3_5_2_3, SERVER,
       UP_WITH(".maximum_packet_size=20", "")
       "C PUBLISH topic=a qos=2 packet_id=1; !S PUBREC packet_id=1 "
       ".user_property=01234567:89abcdef;",
       UP)
    V5(3_6_2_2, SERVER,
       UP_WITH(".maximum_packet_size=20", "")
       "S PUBLISH topic=a qos=2 packet_id=1; C PUBREC packet_id=1; !S PUBREL packet_id=1 "
       ".reason_string=0123456789abcdef;",
       UP)
    V5(3_6_2_3, SERVER,
       UP_WITH(".maximum_packet_size=20", "")
       "S PUBLISH topic=a qos=2 packet_id=1; C PUBREC packet_id=1; !S PUBREL packet_id=1 "
       ".user_property=01234567:89abcdef;",
       UP)
    V5(3_7_2_2, SERVER,
       UP_WITH(".maximum_packet_size=20", "")
       "C PUBLISH topic=a qos=2 packet_id=1; S PUBREC packet_id=1; C PUBREL packet_id=1; !S "
       "PUBCOMP packet_id=1 .reason_string=0123456789abcdef;",
       UP)
    V5(3_7_2_3, SERVER,
       UP_WITH(".maximum_packet_size=20", "")
       "C PUBLISH topic=a qos=2 packet_id=1; S PUBREC packet_id=1; C PUBREL packet_id=1; !S "
       "PUBCOMP packet_id=1 .user_property=01234567:89abcdef;",
       UP)
    V5(3_9_2_1, SERVER,
       UP_WITH(".maximum_packet_size=20", "")
       "C SUBSCRIBE packet_id=1 f=a; !S SUBACK packet_id=1 .reason_string=0123456789abcdef r=0;",
          UP)
    V5(3_9_2_2, SERVER,
       UP_WITH(".maximum_packet_size=20", "")
       "C SUBSCRIBE packet_id=1 f=a; !S SUBACK packet_id=1 .user_property=01234567:89abcdef "
       "r=0;", UP)
    V5(3_11_2_1, SERVER,
       UP_WITH(".maximum_packet_size=20", "")
       "C UNSUBSCRIBE packet_id=1 f=a; !S UNSUBACK packet_id=1 .reason_string=0123456789abcdef "
       "r=0;",
       UP)
    V5(3_11_2_2, SERVER,
       UP_WITH(".maximum_packet_size=20", "")
       "C UNSUBSCRIBE packet_id=1 f=a; !S UNSUBACK packet_id=1 .user_property=01234567:89abcdef "
       "r=0;",
       UP)
    V5(3_14_2_3, SERVER,
       UP_WITH(".maximum_packet_size=20", "") "!S DISCONNECT .reason_string=0123456789abcdef;", UP)
    V5(3_14_2_4, SERVER,
       UP_WITH(".maximum_packet_size=20", "") "!S DISCONNECT .user_property=01234567:89abcdef;", UP)
    V5(3_15_2_2, SERVER,
       UP_WITH(".maximum_packet_size=20 .authentication_method=m", ".authentication_method=m")
       "C AUTH reason=0x19 .authentication_method=m; !S AUTH reason=0x18 .authentication_method=m "
       ".reason_string=0123456789abcdef;",
       UP)
    V5(3_15_2_3, SERVER,
       UP_WITH(".maximum_packet_size=20 .authentication_method=m", ".authentication_method=m")
       "C AUTH reason=0x19 .authentication_method=m; !S AUTH reason=0x18 .authentication_method=m "
       ".user_property=01234567:89abcdef;",
       UP)
    V5(3_1_2_26, SERVER, UP_WITH(".topic_alias_maximum=2", "") "!S PUBLISH topic=a .topic_alias=3;",
       UP_WITH(".topic_alias_maximum=2", "") "S PUBLISH topic=a .topic_alias=2;")
    V5(3_1_2_27, SERVER, UP "!S PUBLISH topic=a .topic_alias=3;", UP "S PUBLISH topic=a;")
    V5(3_2_2_17, CLIENT, TOLD(".topic_alias_maximum=2") "!C PUBLISH topic=a .topic_alias=3;",
       TOLD(".topic_alias_maximum=2") "C PUBLISH topic=a .topic_alias=2;")
    V5(3_2_2_18, CLIENT, TOLD("") "!C PUBLISH topic=a .topic_alias=3;",
       UP "C PUBLISH topic=a .topic_alias=3;")
    V5(3_3_4_ALIAS_UNKNOWN, SERVER,
       UP_WITH(".topic_alias_maximum=2", "")
       "S PUBLISH topic=a .topic_alias=2; !S PUBLISH .topic_alias=1;",
       UP_WITH(".topic_alias_maximum=2", "")
       "S PUBLISH topic=a .topic_alias=2; S PUBLISH .topic_alias=2; S PUBLISH topic=b "
       ".topic_alias=2; S PUBLISH .topic_alias=2;")
    V5(3_3_4_ALIAS_UNKNOWN, CLIENT, UP_WITH("", ".topic_alias_maximum=9") "!C PUBLISH "
    ".topic_alias=1;",
       UP_WITH("", ".topic_alias_maximum=9") "C PUBLISH topic=a .topic_alias=1; C PUBLISH "
       ".topic_alias=1;")
    V5(3_2_2_11, CLIENT, TOLD(".maximum_qos=1") "!C PUBLISH topic=a qos=2 packet_id=5;",
       UP_WITH("", ".maximum_qos=1") "C PUBLISH topic=a qos=2 packet_id=5;")
    V5(3_2_2_14, CLIENT, TOLD(".retain_available=0") "!C PUBLISH topic=a retain=1;",
       TOLD(".retain_available=1") "C PUBLISH topic=a retain=1;")
    V5(3_2_2_3_11_USED, CLIENT,
       TOLD(".wildcard_subscription_available=0") "!C SUBSCRIBE packet_id=2 f=a f=b/+;",
       TOLD(".wildcard_subscription_available=0") "C SUBSCRIBE packet_id=2 f=a;")
    V5(3_2_2_3_12_USED, CLIENT,
       TOLD(".subscription_identifier_available=0")
       "!C SUBSCRIBE packet_id=2 .subscription_identifier=1 f=a;",
       TOLD(".subscription_identifier_available=0") "C SUBSCRIBE packet_id=2 f=a;")
    V5(3_2_2_3_13_USED, CLIENT,
       TOLD(".shared_subscription_available=0") "!C SUBSCRIBE packet_id=2 f=$share/g/a;",
       TOLD(".shared_subscription_available=0") "C SUBSCRIBE packet_id=2 f=$shared/g/a;")
    V5(3_1_2_29, SERVER,
       UP_WITH(".request_problem_information=0", "")
       "C PUBLISH topic=a qos=1 packet_id=1; !S PUBACK packet_id=1 reason=0x80 .reason_string=x;",
       UP_WITH(".request_problem_information=0", ".reason_string=x")
       "C PUBLISH topic=a qos=1 packet_id=1; S PUBACK packet_id=1 reason=0x80; S PUBLISH topic=a "
       ".user_property=a:b; S DISCONNECT reason=0x80 .reason_string=x;")
    V5(3_1_2_29, SERVER,
       UP_WITH(".request_problem_information=0", "")
       "C SUBSCRIBE packet_id=1 f=a; !S SUBACK packet_id=1 .user_property=a:b r=0;",
       UP "C SUBSCRIBE packet_id=1 f=a; S SUBACK packet_id=1 .user_property=a:b r=0;")
    /* ---- subscriptions and what they bring ---- */
    V5(3_3_2_3, SERVER,
       UP "C SUBSCRIBE packet_id=1 .subscription_identifier=9 f=a/+; S SUBACK packet_id=1 r=0; !S "
          "PUBLISH topic=b .subscription_identifier=9;",
       UP "C SUBSCRIBE packet_id=1 .subscription_identifier=9 f=a/+; S SUBACK packet_id=1 r=0; S "
          "PUBLISH topic=a/b .subscription_identifier=9; S PUBLISH topic=b;")
    V5(3_3_4_FOREIGN_ID, SERVER,
       UP "C SUBSCRIBE packet_id=1 .subscription_identifier=9 f=a/+; S SUBACK packet_id=1 r=0; !S "
          "PUBLISH topic=a/b .subscription_identifier=8;",
       UP "C SUBSCRIBE packet_id=1 .subscription_identifier=9 f=a/+; C SUBSCRIBE packet_id=2 "
          ".subscription_identifier=8 f=a/#; S SUBACK packet_id=1 r=0; S PUBLISH topic=a/b "
          ".subscription_identifier=8 .subscription_identifier=9;")
    V5(3_3_4_FOREIGN_ID, SERVER,
       UP "C SUBSCRIBE packet_id=1 .subscription_identifier=9 f=a; C SUBSCRIBE packet_id=2 "
          ".subscription_identifier=8 f=b; S SUBACK packet_id=1 r=0; S SUBACK packet_id=2 r=0; !S "
          "PUBLISH topic=a .subscription_identifier=9 .subscription_identifier=8;",
       UP "C SUBSCRIBE packet_id=1 .subscription_identifier=9 f=a; C SUBSCRIBE packet_id=2 "
          ".subscription_identifier=8 f=b; S SUBACK packet_id=1 r=0; S SUBACK packet_id=2 r=0; S "
          "PUBLISH topic=a .subscription_identifier=9; S PUBLISH topic=b "
          ".subscription_identifier=8;")
    V5(3_3_4_SUBSCRIPTION_ID, SERVER,
       UP "C SUBSCRIBE packet_id=1 .subscription_identifier=9 f=a/+; S SUBACK packet_id=1 r=0; !S "
          "PUBLISH topic=a/b;",
       UP "C SUBSCRIBE packet_id=1 .subscription_identifier=9 f=a/+; C SUBSCRIBE packet_id=2 "
       "f=a/+; "
          "S SUBACK packet_id=1 r=0; S SUBACK packet_id=2 r=0; S PUBLISH topic=a/b;")
    V5(3_8_4_8, SERVER,
       UP "C SUBSCRIBE packet_id=1 f=a qos=2; S SUBACK packet_id=1 r=1; !S PUBLISH topic=a qos=2 "
          "packet_id=1;",
       UP "C SUBSCRIBE packet_id=1 f=a qos=2; S PUBLISH topic=a qos=2 packet_id=1; S SUBACK "
          "packet_id=1 r=1; S PUBLISH topic=a qos=1 packet_id=2;")
    V5(3_8_4_8, SERVER,
       UP "C SUBSCRIBE packet_id=1 f=a qos=0; !S PUBLISH topic=a qos=1 packet_id=1;",
       UP "C SUBSCRIBE packet_id=1 f=a qos=0 f=+ qos=1; S SUBACK packet_id=1 r=0 r=1; S PUBLISH "
          "topic=a qos=1 packet_id=1;")
    V5(3_8_4_8, SERVER,
       UP_WITH(".topic_alias_maximum=5", "")
       "C SUBSCRIBE packet_id=1 f=a qos=0; S SUBACK packet_id=1 r=0; S PUBLISH topic=a "
       ".topic_alias=1; !S PUBLISH .topic_alias=1 qos=1 packet_id=1;",
       UP_WITH(".topic_alias_maximum=5", "")
       "C SUBSCRIBE packet_id=1 f=a qos=0; S SUBACK packet_id=1 r=0; S PUBLISH topic=b "
       ".topic_alias=1; S PUBLISH .topic_alias=1 qos=1 packet_id=1;")
    V5(4_8_2_3, SERVER,
       UP "C SUBSCRIBE packet_id=1 f=$share/g/a qos=0; S SUBACK packet_id=1 r=0; !S PUBLISH "
       "topic=a "
          "qos=1 packet_id=1;",
       UP "C SUBSCRIBE packet_id=1 f=$share/g/a qos=0 f=a qos=1; S SUBACK packet_id=1 r=0 r=1; S "
          "PUBLISH topic=a qos=1 packet_id=1;")
    V311(3_8_4_6, SERVER,
         UP "C SUBSCRIBE packet_id=1 f=a qos=0; S SUBACK packet_id=1 r=0; !S PUBLISH topic=a qos=1 "
            "packet_id=1;",
         UP "C SUBSCRIBE packet_id=1 f=a qos=1; C SUBSCRIBE packet_id=2 f=a qos=0; S SUBACK "
            "packet_id=1 r=1; S SUBACK packet_id=2 r=0; S PUBLISH topic=a qos=1 packet_id=1;")
    V31(SUBSCRIBE_NEVER_UPGRADED, SERVER,
        UP "C SUBSCRIBE packet_id=1 f=a qos=0; S SUBACK packet_id=1 r=0; !S PUBLISH topic=a qos=1 "
           "packet_id=1;",
        UP "C SUBSCRIBE packet_id=1 f=a qos=1; S SUBACK packet_id=1 r=1; S PUBLISH topic=a qos=1 "
           "packet_id=1;")
    /* ---- text ---- */
    V5(3_3_2_3_2_UTF8, CLIENT, UP "!C PUBLISH topic=a .payload_format_indicator=1 payload=\xc3;",
       UP "C PUBLISH topic=a payload=\xc3; C PUBLISH topic=a .payload_format_indicator=1 "
          "payload=\xc3\xa4;")
    V5(3_1_3_2_3_UTF8, CLIENT,
       "!C CONNECT client_id=a w.payload_format_indicator=1 will_topic=w will_payload=\xc3;",
       "C CONNECT client_id=a w.payload_format_indicator=1 will_topic=w will_payload=\xc3\xa4;")
    /* ---- time ---- */
    V5(3_1_2_22, SERVER, UP_WITH("keep_alive=10", "") "!wait 21;",
       UP_WITH("keep_alive=10", "") "wait 12; C PINGREQ; wait 12; S close; wait 100;")
    V5(3_1_2_22, SERVER, UP_WITH("keep_alive=100", ".server_keep_alive=10") "!wait 21;",
       UP_WITH("keep_alive=10", ".server_keep_alive=20") "wait 21; C PINGREQ;")
    V311(3_1_2_24, SERVER, UP_WITH("keep_alive=10", "") "!wait 21;",
         UP_WITH("keep_alive=10", "") "wait 19; S close;")
    V31(KEEP_ALIVE_DISCONNECT, SERVER, UP_WITH("keep_alive=10", "") "!wait 21;",
        UP "wait 1000; C PINGREQ; S PINGRESP;")
    V5(3_1_2_20, CLIENT, UP_WITH("keep_alive=10", "") "S PUBLISH topic=a; !wait 21;",
       UP_WITH("keep_alive=10", "") "wait 10; C PUBLISH topic=a; wait 10; C PINGREQ; wait 10; C "
       "DISCONNECT; wait 100;")
    V5(3_2_2_21, CLIENT, TOLD(".server_keep_alive=10") "!wait 21;",
       UP_WITH("", ".server_keep_alive=10") "wait 19; S close; wait 100;")
    V311(3_1_2_23, CLIENT, UP_WITH("keep_alive=10", "") "!wait 21;",
         UP "wait 1000; C PINGREQ; S PINGRESP;")
    V31(KEEP_ALIVE_PING, CLIENT, UP_WITH("keep_alive=10", "") "!wait 21;", UP)
    V5(3_1_2_10_OFF, SERVER, UP "!S DISCONNECT reason=0x8d;",
       UP_WITH("keep_alive=10", "") "wait 16; S DISCONNECT reason=0x8d;")
    /* ---- world: sessions ---- */
    W5(3_2_2_3,
       "C CONNECT client_id=a clean_start=1 .session_expiry_interval=100; S CONNACK; S close; "
       "wait 5;"
       "C1 CONNECT client_id=a; !S1 CONNACK;",
       "C CONNECT client_id=a clean_start=1 .session_expiry_interval=100; S CONNACK; S close; "
       "wait 5;"
       "C1 CONNECT client_id=a; S1 CONNACK session_present=1; S1 close; C2 CONNECT client_id=b; S2 "
       "CONNACK; S2 close; C3 CONNECT client_id=a; S3 CONNACK;")
    W5(3_2_2_3,
       "C CONNECT client_id=a clean_start=1; S CONNACK; S close; C1 CONNECT client_id=a; !S1 "
       "CONNACK "
       "session_present=1;",
       "C CONNECT client_id=a clean_start=1; S CONNACK; C close; C1 CONNECT client_id=a; S1 "
       "CONNACK "
       "session_present=1;")
    W5(3_2_2_3,
       "C CONNECT client_id=a clean_start=1 .session_expiry_interval=10; S CONNACK; S close; wait "
       "16;"
       "C1 CONNECT client_id=a; !S1 CONNACK session_present=1;",
       "C CONNECT client_id=a clean_start=1 .session_expiry_interval=10; S CONNACK; S close; wait "
       "12;"
       "C1 CONNECT client_id=a; S1 CONNACK session_present=1;")
    W5(3_2_2_3,
       "C CONNECT client_id=a clean_start=1 .session_expiry_interval=100; S CONNACK; C DISCONNECT "
       ".session_expiry_interval=200; S close; wait 50; C1 CONNECT client_id=a; !S1 CONNACK;",
       "C CONNECT client_id=a clean_start=1 .session_expiry_interval=100; S CONNACK; C DISCONNECT "
       ".session_expiry_interval=0; S close; C1 CONNECT client_id=a; S1 CONNACK;")
    W5(3_2_2_3,
       "C CONNECT client_id=a .session_expiry_interval=5; S CONNACK .session_expiry_interval=100; "
       "S "
       "close; wait 50; C1 CONNECT client_id=a; !S1 CONNACK;",
       "C CONNECT client_id=a .session_expiry_interval=100; S CONNACK .session_expiry_interval=5; "
       "S "
       "close; wait 50; C1 CONNECT client_id=a; S1 CONNACK;")
    W311(3_2_2_2, "C CONNECT client_id=a; S CONNACK; C DISCONNECT; S close; C1 CONNECT "
    "client_id=a; !S1 CONNACK;",
         "C CONNECT client_id=a user_name=x; S CONNACK; S close; C1 CONNECT client_id=a "
         "user_name=y; S1 CONNACK;")
    W311(3_2_2_3,
         "C CONNECT client_id=a clean_start=1; S CONNACK; S close; C1 CONNECT client_id=a; !S1 "
         "CONNACK "
         "session_present=1;",
         "C CONNECT client_id=a clean_start=1; S CONNACK; C1 CONNECT client_id=a; S1 CONNACK "
         "session_present=1; S close; S1 close; C2 CONNECT client_id=a; S2 CONNACK;")
    W5(3_2_2_16,
       "C CONNECT client_id=x .session_expiry_interval=100; S CONNACK; S close; C1 CONNECT; !S1 "
       "CONNACK "
       ".assigned_client_identifier=x;",
       "C CONNECT client_id=x .session_expiry_interval=100; S CONNACK; S close; C1 CONNECT; S1 "
       "CONNACK "
       ".assigned_client_identifier=y;")
    /* ---- world: messages ---- */
    W5(4_6_0_5,
       PUB SUBSCRIBED("f=t qos=1", "1")
       "C PUBLISH topic=t qos=1 packet_id=1 payload=one; C PUBLISH topic=t qos=1 packet_id=2 "
       "payload=two; S1 PUBLISH topic=t qos=1 packet_id=1 payload=two; !S1 PUBLISH topic=t qos=1 "
       "packet_id=2 payload=one;",
       PUB SUBSCRIBED("f=t qos=1", "1")
       "C PUBLISH topic=t qos=1 packet_id=1 payload=one; C PUBLISH topic=t qos=1 packet_id=2 "
       "payload=two; C PUBLISH topic=t payload=zero; S1 PUBLISH topic=t payload=zero; S1 PUBLISH "
       "topic=t qos=1 packet_id=1 payload=one; S1 PUBLISH topic=t qos=1 packet_id=2 payload=two;")
    W5(4_6_0_5,
       PUB SUBSCRIBED("f=+", "0")
       "C PUBLISH topic=t payload=one; C PUBLISH topic=u payload=x; C PUBLISH topic=t payload=two;"
       "S1 PUBLISH topic=u payload=x; S1 PUBLISH topic=t payload=two; !S1 PUBLISH topic=t "
       "payload=one;",
       PUB SUBSCRIBED("f=+", "0")
       "C PUBLISH topic=t payload=one; C PUBLISH topic=t payload=two; C PUBLISH topic=t "
       "payload=one;"
       "S1 PUBLISH topic=t payload=two; S1 PUBLISH topic=t payload=one;")
    W311(4_6_0_6,
         PUB SUBSCRIBED("f=t", "0")
         "C PUBLISH topic=t payload=one; C PUBLISH topic=t payload=two; S1 PUBLISH topic=t "
         "payload=two; "
         "!S1 PUBLISH topic=t payload=one;",
         PUB SUBSCRIBED("f=t f=#", "0 r=0")
         "C PUBLISH topic=t payload=one; C PUBLISH topic=t payload=two; S1 PUBLISH topic=t "
         "payload=one; "
         "S1 PUBLISH topic=t payload=two; S1 PUBLISH topic=t payload=one; S1 PUBLISH topic=t "
         "payload=two;")
    W5(3_8_4_8,
       PUB SUBSCRIBED("f=t qos=2", "2")
       "C PUBLISH topic=t payload=one; !S1 PUBLISH topic=t qos=1 packet_id=1 payload=one;",
       PUB SUBSCRIBED("f=t qos=2", "2") "C PUBLISH topic=t payload=one; S1 PUBLISH topic=t "
       "payload=one;")
    W5(3_8_4_8,
       PUB SUBSCRIBED("f=t qos=1", "1")
       "C PUBLISH topic=t qos=2 packet_id=1 payload=one; !S1 PUBLISH topic=t payload=one;",
       PUB SUBSCRIBED("f=t qos=2", "1")
       "C PUBLISH topic=t qos=2 packet_id=1 payload=one; S1 PUBLISH topic=t qos=1 packet_id=1 "
       "payload=one;")
    W311(3_8_4_6,
         PUB SUBSCRIBED("f=t qos=2", "2")
         "C PUBLISH topic=t payload=one; !S1 PUBLISH topic=t qos=1 packet_id=1 payload=one;",
         PUB SUBSCRIBED("f=t qos=2", "2")
         "C PUBLISH topic=t qos=1 packet_id=1 payload=one; S1 PUBLISH topic=t qos=1 packet_id=1 "
         "payload=one;")
    W31(SUBSCRIBE_NEVER_UPGRADED,
        PUB SUBSCRIBED("f=t qos=2", "2")
        "C PUBLISH topic=t payload=one; !S1 PUBLISH topic=t qos=1 packet_id=1 payload=one;",
        PUB SUBSCRIBED("f=t qos=2", "2") "C PUBLISH topic=t payload=one; S1 PUBLISH topic=t "
                                         "payload=one;")
    W5(3_8_3_3,
       SUBSCRIBED("f=t no_local=1", "0")
       "C1 PUBLISH topic=t payload=mine; !S1 PUBLISH topic=t payload=mine;",
       PUB SUBSCRIBED("f=t no_local=1", "0")
       "C1 PUBLISH topic=t payload=mine; C PUBLISH topic=t payload=mine; S1 PUBLISH topic=t "
       "payload=mine;")
    W5(3_8_3_3,
       SUBSCRIBED("f=t no_local=1 f=+ no_local=1", "0 r=0")
       "C1 PUBLISH topic=t payload=mine; !S1 PUBLISH topic=t payload=mine;",
       SUBSCRIBED("f=t no_local=1 f=#", "0 r=0")
       "C1 PUBLISH topic=t payload=mine; S1 PUBLISH topic=t payload=mine;")
    W5(3_3_1_13,
       PUB SUBSCRIBED("f=t retain_as_published=1 retain_handling=2", "0")
       "C PUBLISH topic=t retain=1 payload=one; !S1 PUBLISH topic=t payload=one;",
       PUB SUBSCRIBED("f=t retain_as_published=1 retain_handling=2", "0")
       "C PUBLISH topic=t retain=1 payload=one; S1 PUBLISH topic=t retain=1 payload=one;")
    W5(3_3_1_13,
       PUB SUBSCRIBED("f=t retain_as_published=1 retain_handling=2", "0")
       "C PUBLISH topic=t payload=one; !S1 PUBLISH topic=t retain=1 payload=one;",
       PUB SUBSCRIBED("f=t retain_as_published=1 retain_handling=2", "0")
       "C PUBLISH topic=t payload=one; S1 PUBLISH topic=t payload=one;")
    W5(3_3_1_13,
       PUB SUBSCRIBED("f=t retain_as_published=1", "0")
       "C PUBLISH topic=t retain=1 payload=one; !S1 PUBLISH topic=t payload=one;",
       PUB SUBSCRIBED("f=t retain_as_published=1", "0")
       "C PUBLISH topic=t payload=one; S1 PUBLISH topic=t retain=1 payload=one;")
    W5(3_3_1_12,
       PUB SUBSCRIBED("f=t retain_handling=2", "0")
       "C PUBLISH topic=t retain=1 payload=one; !S1 PUBLISH topic=t retain=1 payload=one;",
       PUB SUBSCRIBED("f=t", "0")
       "C PUBLISH topic=t retain=1 payload=one; S1 PUBLISH topic=t retain=1 payload=one;")
    W5(3_3_1_12,
       PUB SUBSCRIBED("f=t", "0")
       "wait 2; C PUBLISH topic=t retain=1 payload=one; !S1 PUBLISH topic=t retain=1 payload=one;",
       PUB SUBSCRIBED("f=t", "0")
       "wait 2; C PUBLISH topic=t retain=1 payload=one; S1 PUBLISH topic=t payload=one;")
    W311(3_3_1_9,
         PUB SUBSCRIBED("f=t", "0")
         "wait 2; C PUBLISH topic=t retain=1 payload=one; !S1 PUBLISH topic=t retain=1 "
         "payload=one;",
         PUB "C PUBLISH topic=t retain=1 payload=one;" SUBSCRIBED("f=t", "0")
         "S1 PUBLISH topic=t retain=1 payload=one;")
    W31(FLAGS_RETAIN_ESTABLISHED,
        PUB SUBSCRIBED("f=t", "0")
        "wait 2; C PUBLISH topic=t retain=1 payload=one; !S1 PUBLISH topic=t retain=1 payload=one;",
        PUB SUBSCRIBED("f=t", "0")
        "wait 2; C PUBLISH topic=t retain=1 payload=one; S1 PUBLISH topic=t payload=one;")
    W5(3_3_1_11,
       PUB "C PUBLISH topic=t retain=1 qos=1 packet_id=1 payload=one; S PUBACK packet_id=1;"
       SUBSCRIBED("f=t retain_handling=2 qos=1", "1")
       "!S1 PUBLISH topic=t retain=1 qos=1 packet_id=1 payload=one;",
       PUB "C PUBLISH topic=t retain=1 qos=1 packet_id=1 payload=one; S PUBACK packet_id=1;"
       SUBSCRIBED("f=t retain_handling=1 qos=1", "1")
       "S1 PUBLISH topic=t retain=1 qos=1 packet_id=1 payload=one;")
    W5(4_8_2_NO_RETAINED,
       PUB "C PUBLISH topic=t retain=1 qos=2 packet_id=1 payload=one; S PUBREC packet_id=1;"
       SUBSCRIBED("f=$share/g/t qos=1", "1")
       "!S1 PUBLISH topic=t retain=1 qos=1 packet_id=1 payload=one;",
       PUB "C PUBLISH topic=t retain=1 qos=2 packet_id=1 payload=one;"
       SUBSCRIBED("f=$share/g/t qos=1", "1")
       "S1 PUBLISH topic=t qos=1 packet_id=1 payload=one;")
    W5(4_3_3_10,
       PUB SUBSCRIBED("f=t qos=2", "2")
       "C PUBLISH topic=t qos=2 packet_id=1 payload=one; S1 PUBLISH topic=t qos=2 packet_id=1 "
       "payload=one; !S1 PUBLISH topic=t qos=2 packet_id=2 payload=one;",
       PUB SUBSCRIBED("f=t qos=2 f=# qos=2", "2 r=2")
       "C PUBLISH topic=t qos=2 packet_id=1 payload=one; S1 PUBLISH topic=t qos=2 packet_id=1 "
       "payload=one; S1 PUBLISH topic=t qos=2 packet_id=2 payload=one;")
    W311(4_3_3_DUPLICATE,
         PUB SUBSCRIBED("f=t qos=2", "2")
         "C PUBLISH topic=t qos=2 packet_id=1 payload=one; C PUBLISH topic=t qos=2 packet_id=1 "
         "dup=1 "
         "payload=one; S1 PUBLISH topic=t qos=2 packet_id=1 payload=one; !S1 PUBLISH topic=t qos=2 "
         "packet_id=2 payload=one;",
         PUB SUBSCRIBED("f=t qos=1", "1")
         "C PUBLISH topic=t qos=1 packet_id=1 payload=one; C PUBLISH topic=t qos=1 packet_id=1 "
         "dup=1 "
         "payload=one; S1 PUBLISH topic=t qos=1 packet_id=1 payload=one; S1 PUBLISH topic=t qos=1 "
         "packet_id=2 payload=one;")
    W31(QUALITY_OF_SERVICE_QOS_2_ONCE,
        PUB SUBSCRIBED("f=t qos=2", "2")
        "C PUBLISH topic=t qos=2 packet_id=1 payload=one; S1 PUBLISH topic=t qos=2 packet_id=1 "
        "payload=one; !S1 PUBLISH topic=t qos=2 packet_id=2 payload=one;",
        PUB SUBSCRIBED("f=t qos=2", "2")
        "C PUBLISH topic=t qos=2 packet_id=1 payload=one; S1 PUBLISH topic=t qos=2 packet_id=1 "
        "payload=one; S1 PUBLISH topic=t qos=2 packet_id=1 dup=1 payload=one;")
    W5(3_3_2_4,
       PUB SUB "C PUBLISH topic=t .payload_format_indicator=1 payload=one; !S1 PUBLISH topic=t "
       "payload=one;",
       PUB SUB "C PUBLISH topic=t .payload_format_indicator=1 payload=one; S1 PUBLISH topic=t "
               ".payload_format_indicator=1 payload=one;")
    W5(3_3_2_15,
       PUB SUB "C PUBLISH topic=t .response_topic=r payload=one; !S1 PUBLISH topic=t "
       ".response_topic=s "
               "payload=one;",
       PUB SUB "C PUBLISH topic=t .response_topic=r payload=one; S1 PUBLISH topic=t "
       ".response_topic=r "
               "payload=one;")
    W5(3_3_2_16,
       PUB SUB "C PUBLISH topic=t .correlation_data=r payload=one; !S1 PUBLISH topic=t "
       "payload=one;",
       PUB SUB "C PUBLISH topic=t .correlation_data=r payload=one; S1 PUBLISH topic=t "
               ".correlation_data=r payload=one;")
    W5(3_3_2_17,
       PUB SUB "C PUBLISH topic=t .user_property=a:b .user_property=a:c payload=one; !S1 PUBLISH "
       "topic=t "
               ".user_property=a:b payload=one;",
       PUB SUB "C PUBLISH topic=t .user_property=a:b .user_property=a:c payload=one; S1 PUBLISH "
       "topic=t "
               ".user_property=a:b .user_property=a:c payload=one;")
    W5(3_3_2_18,
       PUB SUB "C PUBLISH topic=t .user_property=a:b .user_property=c:d payload=one; !S1 PUBLISH "
       "topic=t "
               ".user_property=c:d .user_property=a:b payload=one;",
       PUB SUB "C PUBLISH topic=t .user_property=a:b .content_type=x .user_property=c:d "
       "payload=one; S1 "
               "PUBLISH topic=t .user_property=a:b .user_property=c:d .content_type=x payload=one;")
    W5(3_3_2_20,
       PUB SUB "C PUBLISH topic=t .content_type=x payload=one; !S1 PUBLISH topic=t payload=one;",
       PUB SUB "C PUBLISH topic=t .content_type=x payload=one; C1 PUBLISH topic=t payload=one; S1 "
       "PUBLISH "
               "topic=t payload=one;")
};

const size_t num_rule_cases = sizeof rule_cases / sizeof rule_cases[0];
