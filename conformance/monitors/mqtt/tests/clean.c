#include "monitors/mqtt/tests/clean.h"

#define UP "C CONNECT client_id=a clean_start=1; S CONNACK;"

const clean_talk clean_talks[] = {
    /* ---- a session, whole ---- */
    {"mqtt5", UP "C SUBSCRIBE packet_id=1 f=a/# qos=2; S SUBACK packet_id=1 r=2; C PINGREQ; S "
                 "PINGRESP; C UNSUBSCRIBE packet_id=2 f=a/#; S UNSUBACK packet_id=2 r=0; C "
                 "DISCONNECT; C close; S close;"},
    {"mqtt311", UP "C SUBSCRIBE packet_id=1 f=a/# qos=2; S SUBACK packet_id=1 r=2; C PINGREQ; S "
                   "PINGRESP; C UNSUBSCRIBE packet_id=2 f=a/#; S UNSUBACK packet_id=2; C "
                   "DISCONNECT; C close; S close;"},
    {"mqtt31", UP "C SUBSCRIBE packet_id=1 f=a/# qos=2; S SUBACK packet_id=1 r=2; C PINGREQ; S "
                  "PINGRESP; C UNSUBSCRIBE packet_id=2 f=a/#; S UNSUBACK packet_id=2; C "
                  "DISCONNECT; C close; S close;"},
    /* ---- all sent before the CONNACK ---- */
    {"mqtt5", "C CONNECT client_id=a clean_start=1; C SUBSCRIBE packet_id=1 f=a qos=1; C PUBLISH "
              "topic=a qos=1 packet_id=2; C PUBLISH topic=a qos=2 packet_id=3; C PINGREQ; S "
              "CONNACK "
              ".receive_maximum=1 .maximum_qos=1; S SUBACK packet_id=1 r=1; S PUBACK packet_id=2; "
              "S "
              "PUBREC packet_id=3; C PUBREL packet_id=3; S PUBLISH topic=a qos=1 packet_id=1; S "
              "PINGRESP; C PUBACK packet_id=1; S PUBCOMP packet_id=3; C DISCONNECT;"},
    {"mqtt311", "C CONNECT client_id=a; C SUBSCRIBE packet_id=1 f=a qos=1; C PUBLISH topic=a qos=1 "
                "packet_id=2; C PUBREL packet_id=9; C DISCONNECT; S CONNACK session_present=1; S "
                "SUBACK packet_id=1 r=1; S PUBACK packet_id=2; S PUBCOMP packet_id=9; S close;"},
    {"mqtt5", "C CONNECT client_id=a; C PUBLISH topic=a qos=1 packet_id=2 dup=1; C PUBREL "
              "packet_id=9; S CONNACK; S PUBACK packet_id=2; S PUBCOMP packet_id=9 reason=0x92; C "
              "PUBLISH topic=a qos=1 packet_id=2; S PUBACK packet_id=2;"},
    /* ---- QoS 1 and 2 both ways, with the same identifiers ---- */
    {"mqtt5", UP "C SUBSCRIBE packet_id=1 f=a qos=2; S SUBACK packet_id=1 r=2; C PUBLISH topic=a "
                 "qos=2 packet_id=1; S PUBLISH topic=a qos=2 packet_id=1; S PUBREC packet_id=1; C "
                 "PUBREC packet_id=1; C PUBREL packet_id=1; S PUBREL packet_id=1; S PUBCOMP "
                 "packet_id=1; C PUBCOMP packet_id=1; C PUBLISH topic=a qos=1 packet_id=1; S "
                 "PUBACK "
                 "packet_id=1; S PUBLISH topic=a qos=1 packet_id=1; C PUBACK packet_id=1;"},
    {"mqtt311", UP "C SUBSCRIBE packet_id=1 f=a qos=2; S SUBACK packet_id=1 r=2; C PUBLISH topic=a "
                   "qos=2 packet_id=1; S PUBLISH topic=a qos=2 packet_id=1; S PUBREC packet_id=1; "
                   "C "
                   "PUBREC packet_id=1; C PUBREL packet_id=1; S PUBREL packet_id=1; S PUBCOMP "
                   "packet_id=1; C PUBCOMP packet_id=1;"},
    {"mqtt5", UP "C PUBLISH topic=a qos=1 packet_id=1; C PUBLISH topic=a qos=1 packet_id=2; C "
                 "PUBLISH topic=a qos=2 packet_id=3; S PUBACK packet_id=2; S PUBREC packet_id=3; S "
                 "PUBACK packet_id=1; C PUBREL packet_id=3; S PUBCOMP packet_id=3;"},
    {"mqtt5", UP "S PUBLISH topic=a qos=2 packet_id=5; S PUBLISH topic=b qos=2 packet_id=6; S "
                 "PUBLISH topic=c qos=1 packet_id=7; C PUBACK packet_id=7; C PUBREC packet_id=5; S "
                 "PUBREL packet_id=5; C PUBREC packet_id=6; C PUBCOMP packet_id=5; S PUBREL "
                 "packet_id=6; C PUBCOMP packet_id=6;"},
    /* ---- refused messages ---- */
    {"mqtt5", UP "C PUBLISH topic=a qos=2 packet_id=1; S PUBREC packet_id=1 reason=0x97; C PUBLISH "
                 "topic=a qos=2 packet_id=1; S PUBREC packet_id=1; C PUBREL packet_id=1; S PUBCOMP "
                 "packet_id=1; C PUBLISH topic=a qos=1 packet_id=1; S PUBACK packet_id=1 "
                 "reason=0x87;"},
    {"mqtt5", UP "S PUBLISH topic=a qos=2 packet_id=1; C PUBREC packet_id=1 reason=0x83; S PUBLISH "
                 "topic=b qos=1 packet_id=1; C PUBACK packet_id=1 reason=0x99; S PUBLISH topic=a "
                 "qos=2 packet_id=1; C PUBREC packet_id=1;"},
    /* ---- copies, which 3.1.1 allows at any time ---- */
    {"mqtt311", UP "C PUBLISH topic=a qos=1 packet_id=1; C PUBLISH topic=a qos=1 packet_id=1 "
    "dup=1; "
                   "S PUBACK packet_id=1; C PUBLISH topic=b qos=1 packet_id=1; S PUBACK "
                   "packet_id=1; "
                   "S PUBACK packet_id=1;"},
    {"mqtt311", UP "S PUBLISH topic=a qos=1 packet_id=1; S PUBLISH topic=b qos=1 packet_id=2; S "
                   "PUBLISH topic=a qos=1 packet_id=1 dup=1; C PUBACK packet_id=1; C PUBACK "
                   "packet_id=2; S PUBLISH topic=c qos=1 packet_id=1; C PUBACK packet_id=1; C "
                   "PUBACK "
                   "packet_id=1;"},
    {"mqtt311", UP "S PUBLISH topic=a qos=2 packet_id=1; S PUBLISH topic=a qos=2 packet_id=1 "
    "dup=1; "
                   "C PUBREC packet_id=1; S PUBREL packet_id=1; C PUBREC packet_id=1; S PUBREL "
                   "packet_id=1; C PUBCOMP packet_id=1; C PUBCOMP packet_id=1;"},
    {"mqtt311", UP "C PUBLISH topic=a qos=1 packet_id=1; S PUBACK packet_id=1; C PUBLISH topic=a "
                   "qos=1 packet_id=1 dup=1; C PUBLISH topic=b qos=1 packet_id=1; S PUBACK "
                   "packet_id=1; S PUBACK packet_id=1;"},
    {"mqtt31", UP "C PUBLISH topic=a qos=2 packet_id=1; C PUBLISH topic=a qos=2 packet_id=1 "
    "dup=1; S "
                  "PUBREC packet_id=1; C PUBREL packet_id=1; C PUBREL packet_id=1; S PUBREC "
                  "packet_id=1; C PUBREL packet_id=1; S PUBCOMP packet_id=1; S PUBCOMP "
                  "packet_id=1; S "
                  "PUBCOMP packet_id=1;"},
    {"mqtt311", UP "C SUBSCRIBE packet_id=1 f=a; C SUBSCRIBE packet_id=1 f=a; S SUBACK packet_id=1 "
                   "r=0; C UNSUBSCRIBE packet_id=1 f=a; S SUBACK packet_id=1 r=0; S UNSUBACK "
                   "packet_id=1;"},
    /* ---- sessions that go on ---- */
    {"mqtt5", "C CONNECT client_id=a .session_expiry_interval=60; S CONNACK session_present=1; S "
              "PUBLISH topic=a qos=1 packet_id=3 dup=1; S PUBREL packet_id=4; S PUBLISH topic=b "
              "qos=2 "
              "packet_id=5 dup=1; C PUBACK packet_id=3; C PUBCOMP packet_id=4; C PUBREC "
              "packet_id=5; "
              "S PUBREL packet_id=5; C PUBCOMP packet_id=5; S PUBLISH topic=a qos=1 packet_id=3; C "
              "PUBACK packet_id=3;"},
    {"mqtt5", "C CONNECT client_id=a .session_expiry_interval=60; S CONNACK session_present=1; C "
              "PUBLISH topic=a qos=2 packet_id=3 dup=1; C PUBREL packet_id=4; C PUBLISH topic=b "
              "qos=1 "
              "packet_id=5; S PUBREC packet_id=3; S PUBCOMP packet_id=4; C PUBREL packet_id=3; S "
              "PUBACK packet_id=5; S PUBCOMP packet_id=3;"},
    {"mqtt311", "C CONNECT client_id=a; S CONNACK session_present=1; S PUBLISH topic=a qos=1 "
                "packet_id=3 dup=1; S PUBREL packet_id=4; C PUBACK packet_id=3; C PUBCOMP "
                "packet_id=4; "
                "S PUBLISH topic=a qos=1 packet_id=3; C PUBACK packet_id=3;"},
    {"mqtt311", "C CONNECT client_id=a; S CONNACK; C SUBSCRIBE packet_id=1 f=a qos=1; S SUBACK "
                "packet_id=1 r=1; S PUBLISH topic=a qos=1 packet_id=1; C PUBACK packet_id=1; C "
                "DISCONNECT; S close;"},
    {"mqtt5", "C CONNECT client_id=a; S CONNACK; C PUBLISH topic=a qos=1 packet_id=1 dup=1; S "
    "PUBACK "
              "packet_id=1; S PUBLISH topic=a qos=1 packet_id=1; C PUBACK packet_id=1;"},
    /* ---- limits, just kept ---- */
    {"mqtt5", "C CONNECT client_id=a clean_start=1 .receive_maximum=2; S CONNACK "
              ".receive_maximum=1; C SUBSCRIBE packet_id=1 f=# qos=2; S SUBACK packet_id=1 r=2; S "
              "PUBLISH topic=a qos=1 packet_id=1; S PUBLISH topic=a qos=2 packet_id=2; S PUBLISH "
              "topic=a; C PUBACK packet_id=1; S PUBLISH topic=a qos=1 packet_id=3; C PUBREC "
              "packet_id=2; C PUBACK packet_id=3; C PUBLISH topic=x qos=2 packet_id=9; S PUBREL "
              "packet_id=2; S PUBREC packet_id=9; C PUBCOMP packet_id=2; C PUBREL packet_id=9; S "
              "PUBCOMP packet_id=9; C PUBLISH topic=x qos=1 packet_id=9;"},
    {"mqtt5", "C CONNECT client_id=a clean_start=1 .topic_alias_maximum=2; S CONNACK "
              ".topic_alias_maximum=5; S PUBLISH topic=a .topic_alias=1; S PUBLISH "
              ".topic_alias=1; S "
              "PUBLISH topic=b .topic_alias=1; S PUBLISH topic=c .topic_alias=2 qos=1 "
              "packet_id=1; C "
              "PUBACK packet_id=1; C PUBLISH topic=x .topic_alias=5; C PUBLISH .topic_alias=5 "
              "qos=1 "
              "packet_id=1; S PUBLISH .topic_alias=2; S PUBACK packet_id=1;"},
    {"mqtt5", "C CONNECT client_id=a clean_start=1 .maximum_packet_size=40 "
              ".request_problem_information=0; S CONNACK .reason_string=x "
              ".maximum_packet_size=30; C "
              "SUBSCRIBE packet_id=1 f=a qos=1; S SUBACK packet_id=1 r=1; S PUBLISH topic=a qos=1 "
              "packet_id=1 .user_property=k:v payload=0123456789; C PUBACK packet_id=1; C PUBLISH "
              "topic=a payload=01234567890123456789; S DISCONNECT reason=0x8b .reason_string=bye; "
              "S "
              "close;"},
    {"mqtt5", "C CONNECT clean_start=1 keep_alive=30 .request_response_information=1; S CONNACK "
              ".assigned_client_identifier=z .response_information=r .server_keep_alive=10; wait "
              "9; C "
              "PINGREQ; S PINGRESP; wait 9; C PINGREQ; S PINGRESP; wait 9; C PUBLISH topic=a; "
              "wait 14; "
              "S DISCONNECT reason=0x8d; S close; wait 100;"},
    /* ---- subscriptions ---- */
    {"mqtt5", UP "C SUBSCRIBE packet_id=1 .subscription_identifier=5 f=a/+ qos=1 f=a/b qos=2; C "
                 "SUBSCRIBE packet_id=2 .subscription_identifier=6 f=#; S SUBACK packet_id=1 r=1 "
                 "r=2; "
                 "S SUBACK packet_id=2 r=0; S PUBLISH topic=a/b qos=2 packet_id=1 "
                 ".subscription_identifier=5 .subscription_identifier=5 "
                 ".subscription_identifier=6; C "
                 "PUBREC packet_id=1; S PUBLISH topic=a/c qos=1 packet_id=2 "
                 ".subscription_identifier=6; C PUBACK packet_id=2;"},
    {"mqtt5", UP "C SUBSCRIBE packet_id=1 .subscription_identifier=5 f=a qos=2; S SUBACK "
    "packet_id=1 "
                 "r=2; C SUBSCRIBE packet_id=1 .subscription_identifier=6 f=a qos=0; S PUBLISH "
                 "topic=a "
                 "qos=2 packet_id=1 .subscription_identifier=5; S SUBACK packet_id=1 r=0; S "
                 "PUBLISH "
                 "topic=a .subscription_identifier=6; C UNSUBSCRIBE packet_id=1 f=a; S PUBLISH "
                 "topic=a "
                 ".subscription_identifier=6; S UNSUBACK packet_id=1 r=0; S PUBLISH topic=a "
                 ".subscription_identifier=6;"},
    {"mqtt5", UP "C SUBSCRIBE packet_id=1 f=$share/g/a/+ qos=1 f=a/b; S SUBACK packet_id=1 r=1 "
                 "r=0x87; S PUBLISH topic=a/b qos=1 packet_id=1; C PUBACK packet_id=1; S PUBLISH "
                 "topic=assigned qos=2 packet_id=1; C PUBREC packet_id=1;"},
    {"mqtt311", UP "C SUBSCRIBE packet_id=1 f=$share/g/a qos=0 f=+/+ qos=2; S PUBLISH topic=a/b "
                   "qos=2 packet_id=9 retain=1; S SUBACK packet_id=1 r=0 r=1; C PUBREC "
                   "packet_id=9; S "
                   "PUBREL packet_id=9; S PUBLISH topic=a/c qos=1 packet_id=8; C PUBACK "
                   "packet_id=8; C "
                   "PUBCOMP packet_id=9;"},
    /* ---- authentication ---- */
    {"mqtt5", "C CONNECT client_id=a clean_start=1 .authentication_method=m "
    ".authentication_data=x; S "
              "AUTH reason=0x18 .authentication_method=m; C AUTH reason=0x18 "
              ".authentication_method=m; S CONNACK .authentication_method=m; C PUBLISH topic=a; C "
              "AUTH "
              "reason=0x19 .authentication_method=m; S AUTH reason=0x18 .authentication_method=m; "
              "C "
              "AUTH reason=0x18 .authentication_method=m; S AUTH reason=0 "
              ".authentication_method=m; C "
              "DISCONNECT;"},
    {"mqtt5", "C CONNECT client_id=a .authentication_method=m; S AUTH reason=0x18 "
              ".authentication_method=m; C DISCONNECT; S close;"},
    /* ---- refused, ended ---- */
    {"mqtt5", "C CONNECT client_id=a; C SUBSCRIBE packet_id=1 f=a; S CONNACK reason=0x87; S "
    "close; C "
              "close;"},
    {"mqtt311", "C CONNECT client_id=a; C PINGREQ; S CONNACK reason=4; S close;"},
    {"mqtt5", UP "C PINGREQ; S DISCONNECT reason=0x8e; S close; C PINGREQ; C reset;"},
    {"mqtt5", UP "C PINGREQ; C DISCONNECT reason=0x04; S PUBLISH topic=a; S PINGRESP; S close;"},
    {"mqtt5", "C CONNECT client_id=a clean_start=1 .session_expiry_interval=9 "
              "w.will_delay_interval=5 will_topic=w will_payload=x will_qos=1; S CONNACK "
              ".session_expiry_interval=5; C DISCONNECT .session_expiry_interval=0; S close;"},
};

const size_t num_clean_talks = sizeof clean_talks / sizeof clean_talks[0];
