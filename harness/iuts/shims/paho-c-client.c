/* Upper tester for Eclipse Paho for C: JSON lines on standard input and output, see docs/iut.md. */
#include "paho-c-properties.h"
#include <MQTTAsync.h>

static MQTTAsync client;
static int v5;

static void done(void *verb, MQTTAsync_successData *data) {
  (void)data;
  tell(event("done", verb, NULL));
}
static void done5(void *verb, MQTTAsync_successData5 *data) {
  (void)data;
  tell(event("done", verb, NULL));
}
static void failed(void *verb, MQTTAsync_failureData *data) {
  tell(event("error", verb, data && data->message ? data->message : "refused"));
}
static void failed5(void *verb, MQTTAsync_failureData5 *data) {
  tell(event("error", verb, data->message ? data->message : MQTTReasonCode_toString(data->reasonCode)));
}
static void connected(void *context, char *cause) {
  (void)context, (void)cause;
  tell(event("connected", NULL, NULL));
}
static void lost(void *context, char *cause) {
  (void)context;
  tell(event("closed", NULL, cause ? cause : ""));
}
static void ended(void *context, MQTTProperties *list, enum MQTTReasonCodes code) {
  (void)context, (void)list;
  tell(event("closed", NULL, MQTTReasonCode_toString(code)));
}
static int arrived(void *context, char *topic, int topic_len, MQTTAsync_message *message) {
  (void)context, (void)topic_len;
  tell_message(topic, message->payload, message->payloadlen, message->qos, message->retained);
  MQTTAsync_freeMessage(&message);
  MQTTAsync_free(topic);
  return 1;
}

static int do_connect(const cJSON *command) {
  MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer;
  MQTTAsync_connectOptions v4_options = MQTTAsync_connectOptions_initializer;
  MQTTAsync_connectOptions v5_options = MQTTAsync_connectOptions_initializer5;
  MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
  const cJSON *will_command = cJSON_GetObjectItem(command, "will");
  MQTTProperties list = properties(command), will_list = properties(will_command);
  char url[300];
  snprintf(url, sizeof url, "tcp://%s:%d", text(command, "host"), number(command, "port", 1883));
  create.MQTTVersion = number(command, "version", 5);
  v5 = create.MQTTVersion == MQTTVERSION_5;
  int clean = number(command, "clean_start", 1);
  MQTTAsync_connectOptions options = v5 ? v5_options : v4_options;
  *(v5 ? &options.cleanstart : &options.cleansession) = clean;
  options.MQTTVersion = create.MQTTVersion;
  options.keepAliveInterval = number(command, "keep_alive", 60);
  options.username = text(command, "username");
  options.password = text(command, "password");
  if (v5) options.connectProperties = &list;
  if (will_command) {
    bytes message = payload(will_command);
    will.topicName = text(will_command, "topic");
    will.payload.data = message.data;
    will.payload.len = message.len;
    will.qos = number(will_command, "qos", 0);
    will.retained = number(will_command, "retain", 0);
    options.will = &will;
    if (v5) options.willProperties = &will_list;
  }
  if (v5) options.onFailure5 = failed5;
  else options.onFailure = failed;
  options.context = "connect";
  const char *id = text(command, "client_id");
  int status = MQTTAsync_createWithOptions(&client, url, id ? id : "", MQTTCLIENT_PERSISTENCE_NONE,
                                           NULL, &create);
  if (status == 0) status = MQTTAsync_setCallbacks(client, NULL, lost, arrived, NULL);
  if (status == 0) status = MQTTAsync_setConnected(client, NULL, connected);
  if (status == 0) status = MQTTAsync_setDisconnected(client, NULL, ended);
  if (status == 0) status = MQTTAsync_connect(client, &options);
  if (status == 0) tell(event("done", "connect", NULL));
  return status;
}

static int do_disconnect(void) {
  MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
  options.timeout = 1000;
  options.context = "disconnect";
  if (v5) options.onSuccess5 = done5;
  else options.onSuccess = done;
  return MQTTAsync_disconnect(client, &options);
}

/* publish, subscribe and unsubscribe: `verb` outlives the call. */
static int do_request(const char *verb, const cJSON *command) {
  MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
  options.context = (void *)verb;
  if (v5) options.onSuccess5 = done5, options.onFailure5 = failed5;
  else options.onSuccess = done, options.onFailure = failed;
  MQTTAsync_message message = MQTTAsync_message_initializer;
  message.properties = options.properties = properties(command);
  message.qos = number(command, "qos", 0);
  options.subscribeOptions.noLocal = (unsigned char)number(command, "no_local", 0);
  options.subscribeOptions.retainAsPublished = (unsigned char)number(command, "retain_as_published", 0);
  options.subscribeOptions.retainHandling = (unsigned char)number(command, "retain_handling", 0);
  if (*verb == 'u') return MQTTAsync_unsubscribe(client, text(command, "filter"), &options);
  if (*verb == 's') return MQTTAsync_subscribe(client, text(command, "filter"), message.qos, &options);
  bytes data = payload(command);
  message.payload = data.data;
  message.payloadlen = data.len;
  message.retained = number(command, "retain", 0);
  return MQTTAsync_sendMessage(client, text(command, "topic"), &message, &options);
}

int main(void) {
  static char line[1 << 20];
  while (fgets(line, sizeof line, stdin)) {
    cJSON *command = cJSON_Parse(line); /* kept: the library may use its strings later */
    const char *verb = text(command, "do");
    if (!verb) continue;
    int status = strcmp(verb, "connect") == 0      ? do_connect(command)
                 : strcmp(verb, "disconnect") == 0 ? do_disconnect()
                                                   : do_request(verb, command);
    if (status != 0) tell(event("error", verb, MQTTAsync_strerror(status)));
  }
  return 0;
}
