/* Timers, watched descriptors, handing out, batches, running out of descriptors. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/table.h"
#include "net/tests/rig.h"
#include "net/timer.h"

static const law_endpoint tcp = {.transport = LAW_TCP};

static void timers_come_in_order(void **state) {
  (void)state;
  rig r;
  int late, early;
  rig_start(&r, &tally, &tcp);
  uint64_t now = law_net_now();
  law_handle b = law_net_timer(r.net, now + 20 * RIG_MS, &late);
  law_handle a = law_net_timer(r.net, now + 10 * RIG_MS, &early);
  law_handle never = law_net_timer(r.net, now + 15 * RIG_MS, NULL);
  law_net_close(r.net, never, LAW_CLOSE_FIN);
  law_event e = rig_expect(&r, LAW_EV_TIMER, a);
  assert_ptr_equal(e.user, &early);
  assert_true(e.time == now + 10 * RIG_MS);
  assert_true(law_net_now() >= e.time);
  assert_ptr_equal(rig_expect(&r, LAW_EV_TIMER, b).user, &late);
  assert_true(law_net_now() < now + 5000 * RIG_MS);
  rig_expect_nothing(&r, 5);
  law_net_close(r.net, a, LAW_CLOSE_FIN);
  rig_stop(&r);
}

/* Due, gathered, but not handed out yet: it can still be cancelled. */
static void cancelled_at_the_last_moment(void **state) {
  (void)state;
  rig r;
  law_event e;
  rig_start(&r, &tally, &tcp);
  law_handle a = law_net_timer(r.net, 1, NULL);
  law_handle b = law_net_timer(r.net, 2, NULL);
  assert_int_equal(law_net_wait(r.net, 0, &e, 1), 1);
  assert_int_equal(e.handle, a);
  law_net_close(r.net, b, LAW_CLOSE_FIN);
  assert_int_equal(law_net_wait(r.net, 0, &e, 1), 0);
  rig_stop(&r);
}

static void waiting(void **state) {
  (void)state;
  rig r;
  law_event e;
  rig_start(&r, &tally, &tcp);
  uint64_t now = law_net_now();
  assert_int_equal(law_net_wait(r.net, 0, &e, 1), 0);
  assert_int_equal(law_net_wait(r.net, now, &e, 1), 0);
  assert_int_equal(law_net_wait(r.net, now + 3 * RIG_MS, &e, 1), 0);
  assert_true(law_net_now() >= now + 3 * RIG_MS);
  assert_int_equal(law_net_wait(r.net, UINT64_MAX, &e, 0), 0);
  rig_stop(&r);
}

static void watched_pipe(void **state) {
  (void)state;
  rig r;
  int fd[2];
  char c;
  rig_start(&r, &tally, &tcp);
  assert_int_equal(pipe(fd), 0);
  law_handle h = law_net_watch(r.net, fd[0], &fd);
  assert_int_not_equal(h, 0);
  assert_int_equal(law_net_watch(r.net, fd[0], NULL), 0);
  rig_expect_nothing(&r, 5);
  assert_int_equal(write(fd[1], "x", 1), 1);
  assert_ptr_equal(rig_expect(&r, LAW_EV_READABLE, h).user, &fd);
  rig_expect(&r, LAW_EV_READABLE, h);
  assert_int_equal(read(fd[0], &c, 1), 1);
  rig_expect_nothing(&r, 5);
  close(fd[1]);
  rig_expect(&r, LAW_EV_READABLE, h);
  law_net_close(r.net, h, LAW_CLOSE_FIN);
  rig_expect_nothing(&r, 5);
  close(fd[0]);
  rig_stop(&r);
}

/* Files can always be read, which epoll does not tell. */
static void watched_file(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  int fd = open("/proc/self/exe", O_RDONLY);
  assert_true(fd >= 0);
  law_handle h = law_net_watch(r.net, fd, NULL);
  assert_int_not_equal(h, 0);
  rig_expect(&r, LAW_EV_READABLE, h);
  rig_expect(&r, LAW_EV_READABLE, h);
  law_net_close(r.net, h, LAW_CLOSE_FIN);
  rig_expect_nothing(&r, 5);
  close(fd);
  assert_int_equal(law_net_watch(r.net, -1, NULL), 0);
  assert_int_not_equal(strlen(law_net_error(r.net)), 0);
  rig_stop(&r);
}

/* What was sent while the loop was busy comes before the timer that waited for it. */
static void messages_before_timers(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  rig_pair(&r, &tcp);
  law_handle t = law_net_timer(r.net, law_net_now() + RIG_MS, NULL);
  rig_tell(&r, r.client, TALLY_DATA, "in time", 7);
  usleep(3000);
  rig_expect_tally(&r, r.server, TALLY_DATA, "in time", 7);
  rig_expect(&r, LAW_EV_TIMER, t);
  rig_stop(&r);
}

static void listener_closes(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  rig_pair(&r, &tcp);
  law_net_close(r.net, r.listener, LAW_CLOSE_FIN);
  assert_int_equal(law_net_port(r.net, r.listener), 0);
  rig_tell(&r, r.client, TALLY_DATA, "still", 5);
  rig_expect_tally(&r, r.server, TALLY_DATA, "still", 5);
  rig_stop(&r);
}

static void stale_handles(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  law_net_close(r.net, 0, LAW_CLOSE_FIN);
  law_net_close(r.net, 12345, LAW_CLOSE_RST);
  law_net_set_user(r.net, 12345, NULL);
  law_net_read(r.net, r.listener, false);
  law_net_comment(r.net, r.listener, "x");
  assert_int_equal(law_net_queued(r.net, 12345), 0);
  assert_int_equal(law_net_state(r.net, r.listener), 0);
  assert_false(law_net_send(r.net, r.listener, law_bytes_of("x", 1), NULL));
  law_net_close(r.net, r.scope, LAW_CLOSE_FIN);
  rig_pair(&r, &tcp);
  rig_stop(&r);
}

/* Held back until the wait, and even then all there, in order. */
static void batches(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  rig_pair(&r, &tcp);
  law_net_batch(r.net, true);
  rig_tell(&r, r.client, TALLY_DATA, "1", 1);
  rig_tell(&r, r.client, TALLY_DATA, "2", 1);
  assert_int_equal(law_net_queued(r.net, r.client), 8);
  rig_expect_tally(&r, r.server, TALLY_DATA, "1", 1);
  rig_expect_tally(&r, r.server, TALLY_DATA, "2", 1);
  assert_int_equal(law_net_queued(r.net, r.client), 0);
  rig_tell(&r, r.client, TALLY_BYE, "3", 1);
  law_net_close(r.net, r.client, LAW_CLOSE_FIN);
  rig_expect_tally(&r, r.server, TALLY_BYE, "3", 1);
  rig_expect(&r, LAW_EV_CLOSED, r.server);
  rig_expect(&r, LAW_EV_CLOSED, r.client);
  rig_pair(&r, &tcp);
  rig_tell(&r, r.client, TALLY_BYE, "4", 1);
  law_net_close(r.net, r.client, LAW_CLOSE_RST);
  rig_expect_tally(&r, r.server, TALLY_BYE, "4", 1);
  rig_expect(&r, LAW_EV_CLOSED, r.server);
  rig_pair(&r, &tcp);
  rig_tell(&r, r.client, TALLY_BYE, "5", 1);
  law_net_batch(r.net, false);
  assert_int_equal(law_net_queued(r.net, r.client), 0);
  rig_expect_tally(&r, r.server, TALLY_BYE, "5", 1);
  rig_stop(&r);
}

static int dial(const rig *r) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  to.sin_port = htons(law_net_port(r->net, r->listener));
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(fd >= 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
  return fd;
}

/* Out of descriptors: nobody spins, others are served, and the one who waits is taken in later. */
static void out_of_descriptors(void **state) {
  (void)state;
  rig r;
  struct rlimit before, now;
  rig_start(&r, &tally, &tcp);
  rig_pair(&r, &tcp);
  int fd = dial(&r);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  now = before;
  now.rlim_cur = (rlim_t)fd + 1;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
  rig_expect_nothing(&r, 30);
  assert_non_null(strstr(law_net_error(r.net), "Too many open files"));
  law_endpoint to = tcp;
  to.port = law_net_port(r.net, r.listener);
  assert_int_equal(law_net_connect(r.net, r.scope, &to, NULL), 0);
  rig_tell(&r, r.client, TALLY_DATA, "x", 1);
  rig_expect_tally(&r, r.server, TALLY_DATA, "x", 1);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
  rig_expect(&r, LAW_EV_ACCEPTED, 0);
  close(fd);
  rig_stop(&r);
}

/* Our own network namespace, entered by its descriptor, is the same one. */
static void namespaces(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  int fd = open("/proc/self/ns/net", O_RDONLY);
  assert_true(fd >= 0);
  law_endpoint to = tcp;
  to.netns = fd;
  to.port = law_net_port(r.net, r.listener);
  law_handle h = law_net_connect(r.net, r.scope, &to, NULL);
  if (h == 0) { /* not allowed to: then it says so */
    assert_non_null(strstr(law_net_error(r.net), "cannot open a socket"));
  } else {
    rig_expect(&r, LAW_EV_ACCEPTED, 0);
    rig_expect(&r, LAW_EV_CONNECTED, h);
  }
  close(fd);
  rig_stop(&r);
}

/* ---- The parts ---- */

static void heap(void **state) {
  (void)state;
  enum { NUM = 500 };
  static law_timer timers[NUM];
  law_timers t = {0};
  uint32_t seed = 1;
  for (size_t i = 0; i < NUM; i++) {
    seed = seed * 1103515245 + 12345;
    assert_true(law_timer_set(&t, &timers[i], seed >> 16));
  }
  for (size_t i = 0; i < NUM; i += 3) {
    law_timer_cancel(&t, &timers[i]);
    law_timer_cancel(&t, &timers[i]);
  }
  for (size_t i = 1; i < NUM; i += 3) {
    assert_true(law_timer_set(&t, &timers[i], timers[i].at / 2));
  }
  assert_int_equal(t.num, NUM - (NUM + 2) / 3);
  uint64_t last = 0;
  size_t num = 0;
  for (law_timer *timer; (timer = law_timers_pop(&t, UINT64_MAX)) != NULL; num++) {
    assert_true(timer->at >= last);
    assert_int_equal(timer->place, 0);
    last = timer->at;
  }
  assert_int_equal(num, NUM - (NUM + 2) / 3);
  assert_true(law_timers_next(&t) == UINT64_MAX);
  law_timers_free(&t);
}

static void handles(void **state) {
  (void)state;
  enum { NUM = 3000 };
  static law_object objects[NUM];
  law_table t = {0};
  for (size_t i = 0; i < NUM; i++) {
    assert_true(law_table_add(&t, &objects[i]));
    assert_int_equal(objects[i].handle, i + 1);
    if (i % 7 != 0) {
      law_table_remove(&t, objects[i].handle);
    }
  }
  for (size_t i = 0; i < NUM; i++) {
    assert_ptr_equal(law_table_get(&t, (law_handle)(i + 1)), i % 7 != 0 ? NULL : &objects[i]);
  }
  size_t num = 0;
  for (law_object *o; (o = law_table_first(&t, (law_handle)num)) != NULL; num = o->handle + 1) {
    assert_int_equal((o->handle - 1) % 7, 0);
  }
  assert_null(law_table_get(&t, 0));
  assert_null(law_table_get(&t, UINT32_MAX));
  t.next = UINT32_MAX;
  assert_false(law_table_add(&t, &objects[0]));
  law_table_free(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(timers_come_in_order),
      cmocka_unit_test(cancelled_at_the_last_moment),
      cmocka_unit_test(waiting),
      cmocka_unit_test(watched_pipe),
      cmocka_unit_test(watched_file),
      cmocka_unit_test(messages_before_timers),
      cmocka_unit_test(listener_closes),
      cmocka_unit_test(stale_handles),
      cmocka_unit_test(batches),
      cmocka_unit_test(out_of_descriptors),
      cmocka_unit_test(namespaces),
      cmocka_unit_test(heap),
      cmocka_unit_test(handles),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
