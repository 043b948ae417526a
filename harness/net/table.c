#include "net/table.h"

#include <stdlib.h>

enum { PAGE_SIZE = 512 };

struct law_table_page {
  law_object *object[PAGE_SIZE];
  size_t num_alive;
};

/* The page list grows by doubling; |num_pages| is its capacity. */
static bool grow(law_table *t, size_t need) {
  size_t num = t->num_pages > 0 ? t->num_pages : 16;
  while (num <= need) {
    num *= 2;
  }
  law_table_page **pages = realloc(t->pages, num * sizeof *pages);
  if (!pages) {
    return false;
  }
  for (size_t i = t->num_pages; i < num; i++) {
    pages[i] = NULL;
  }
  t->pages = pages;
  t->num_pages = num;
  return true;
}

static law_table_page *page_for(law_table *t, size_t index) {
  if (index >= t->num_pages && !grow(t, index)) {
    return NULL;
  }
  if (!t->pages[index]) {
    t->pages[index] = calloc(1, sizeof *t->pages[index]);
  }
  return t->pages[index];
}

bool law_table_add(law_table *t, law_object *object) {
  if (t->next == UINT32_MAX) {
    return false;
  }
  law_handle handle = t->next + 1;
  law_table_page *page = page_for(t, handle / PAGE_SIZE);
  if (!page) {
    return false;
  }
  page->object[handle % PAGE_SIZE] = object;
  page->num_alive++;
  object->handle = handle;
  t->next = handle;
  return true;
}

law_object *law_table_get(const law_table *t, law_handle handle) {
  size_t index = handle / PAGE_SIZE;
  if (index >= t->num_pages || !t->pages[index]) {
    return NULL;
  }
  return t->pages[index]->object[handle % PAGE_SIZE];
}

void law_table_remove(law_table *t, law_handle handle) {
  law_table_page *page = t->pages[handle / PAGE_SIZE];
  page->object[handle % PAGE_SIZE] = NULL;
  page->num_alive--;
  if (page->num_alive == 0) {
    free(page);
    t->pages[handle / PAGE_SIZE] = NULL;
  }
}

law_object *law_table_first(const law_table *t, law_handle from) {
  for (size_t i = from / PAGE_SIZE; i < t->num_pages; i++) {
    size_t k = i == from / PAGE_SIZE ? from % PAGE_SIZE : 0;
    for (; t->pages[i] && k < PAGE_SIZE; k++) {
      if (t->pages[i]->object[k]) {
        return t->pages[i]->object[k];
      }
    }
  }
  return NULL;
}

void law_table_free(law_table *t) {
  for (size_t i = 0; i < t->num_pages; i++) {
    free(t->pages[i]);
  }
  free(t->pages);
  *t = (law_table){0};
}

bool law_handles_add(law_handles *list, law_handle handle) {
  if (list->num == list->cap) {
    size_t cap = list->cap > 0 ? list->cap * 2 : 64;
    law_handle *at = realloc(list->at, cap * sizeof *at);
    if (!at) {
      return false;
    }
    list->at = at;
    list->cap = cap;
  }
  list->at[list->num++] = handle;
  return true;
}
